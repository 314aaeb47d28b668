alter table evaluation.note add column kind text not null default '';
