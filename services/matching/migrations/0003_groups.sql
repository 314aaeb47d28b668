-- Mentees whom the least size of groups has left without a mentor.

alter table matching.unmatched drop constraint unmatched_reason;
alter table matching.unmatched add constraint unmatched_reason
    check (reason in ('no_feasible_mentor', 'outbid', 'no_group'));
