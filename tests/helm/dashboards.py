"""Grafana dashboards, from lists of panels: title, unit, (legend, query) each. Written by generate.py."""

import json

SERVICE = 'service=~"$service"'


def rate(metric, by, more=""):
    return f"sum by ({by}) (rate({metric}{{{SERVICE}{more}}}[$__rate_interval]))"


def quantile(q, metric, by, more=""):
    return f"histogram_quantile({q}, sum by ({by}, le) (rate({metric}_bucket{{{SERVICE}{more}}}[$__rate_interval])))"


FAULTS = ',code=~"Internal|Unknown|DataLoss|Unavailable|DeadlineExceeded"'
UNARY = ',method!~"Watch.*|Export.*|Import.*"'
BROKEN = ',status=~"5.."'

DASHBOARDS = {
    "calls": ("Mentor: calls", [
        ("Calls", "reqps", [("{{service}}", rate("mentor_rpc_calls_total", "service"))]),
        ("Share of calls that fail through no fault of the caller", "percentunit", [
            ("{{service}}", f"({rate('mentor_rpc_calls_total', 'service', FAULTS)} or 0 * {rate('mentor_rpc_calls_total', 'service')})"
             f" / {rate('mentor_rpc_calls_total', 'service')}")]),
        ("Duration of unary calls", "s", [
            ("{{service}} half of them", quantile(0.5, "mentor_rpc_duration_seconds", "service", UNARY)),
            ("{{service}} 99 of 100", quantile(0.99, "mentor_rpc_duration_seconds", "service", UNARY))]),
        ("Refusals by reason", "reqps", [("{{service}} {{reason}}", rate("mentor_rpc_refusals_total", "service, reason"))]),
        ("Slowest methods (99 of 100)", "s", [
            ("{{method}}", f"topk(10, {quantile(0.99, 'mentor_rpc_duration_seconds', 'method', UNARY)})")]),
        ("Answers by code", "reqps", [("{{code}}", rate("mentor_rpc_calls_total", "code"))]),
        ("Calls under way, of those allowed", "percentunit", [
            ("{{instance}} {{kind}}", "mentor_rpc_under_way / mentor_rpc_under_way_limit")]),
        ("Busiest methods", "reqps", [("{{method}}", f"topk(10, {rate('mentor_rpc_calls_total', 'method')})")]),
    ]),
    "events": ("Mentor: events", [
        ("Published", "ops", [("{{service}}", rate("mentor_events_published_total", "service"))]),
        ("Handled", "ops", [("{{service}}", rate("mentor_events_handled_total", "service"))]),
        ("Age of the oldest event that is not published", "s", [
            ("{{service}}", f"max by (service) (mentor_outbox_age_seconds{{{SERVICE}}})")]),
        ("Events that are not published", "short", [
            ("{{service}}", f"max by (service) (mentor_outbox_pending{{{SERVICE}}})")]),
        ("From happening to handled (95 of 100)", "s", [
            ("{{service}}", quantile(0.95, "mentor_event_lag_seconds", "service"))]),
        ("Handling one event (95 of 100)", "s", [
            ("{{service}} {{operation}}", quantile(0.95, "mentor_event_handle_seconds", "service, operation"))]),
        ("Parked, to be tried again", "short", [
            ("{{service}}", f"max by (service) (mentor_events_waiting{{{SERVICE}}})")]),
        ("Dead: waiting for a person", "short", [
            ("{{service}}", f"max by (service) (mentor_events_given_up{{{SERVICE}}})")]),
        ("Attempts that failed", "ops", [
            ("{{service}} {{operation}}", rate("mentor_events_failed_total", "service, operation"))]),
        ("Failures to publish", "ops", [("{{service}}", rate("mentor_relay_failures_total", "service"))]),
    ]),
    "work": ("Mentor: jobs, match runs, resources", [
        ("Job runs", "ops", [("{{service}} {{job}} {{outcome}}", rate("mentor_job_runs_total", "service, job, outcome"))]),
        ("Duration of jobs (95 of 100)", "s", [("{{service}} {{job}}", quantile(0.95, "mentor_job_seconds", "service, job"))]),
        ("Match runs by end", "short", [
            ("{{state}}", "sum by (state) (increase(mentor_match_runs_total[1h]))")]),
        ("Match runs: duration and gap", "short", [
            ("seconds, on average", "sum(rate(mentor_match_run_seconds_sum[1h])) / sum(rate(mentor_match_run_seconds_count[1h]))"),
            ("gap of the last", "max(mentor_match_run_gap)")]),
        ("Database connections in use, of those allowed", "percentunit", [
            ("{{service}} {{instance}}",
             f'(sum by (service, instance) (mentor_database_connections{{{SERVICE},state="open"}})'
             f' - sum by (service, instance) (mentor_database_connections{{{SERVICE},state="idle"}}))'
             f" / sum by (service, instance) (mentor_database_connections_limit{{{SERVICE}}})")]),
        ("Waiting for a connection (99 of 100)", "s", [
            ("{{service}}", quantile(0.99, "mentor_database_acquire_seconds", "service"))]),
        ("Memory", "bytes", [("{{instance}}", 'process_resident_memory_bytes{job=~"mentor.*"}')]),
        ("CPU cores", "short", [("{{instance}}", 'rate(process_cpu_seconds_total{job=~"mentor.*"}[$__rate_interval])')]),
        ("Ready", "short", [("{{instance}}", "mentor_ready")]),
        ("Warnings and errors logged", "ops", [
            ("{{level}}", "sum by (level) (rate(mentor_log_lines_total[$__rate_interval]))")]),
    ]),
    "edge": ("Mentor: HTTP, signing in, webhooks, sources", [
        ("HTTP requests", "reqps", [("{{api}}", rate("mentor_http_requests_total", "api"))]),
        ("Share of requests that fail through no fault of the caller", "percentunit", [
            ("{{api}}", f"({rate('mentor_http_requests_total', 'api', BROKEN)} or 0 * {rate('mentor_http_requests_total', 'api')})"
             f" / {rate('mentor_http_requests_total', 'api')}")]),
        ("Duration of HTTP requests", "s", [
            ("{{api}} half of them", quantile(0.5, "mentor_http_request_seconds", "api")),
            ("{{api}} 99 of 100", quantile(0.99, "mentor_http_request_seconds", "api"))]),
        ("HTTP answers by status", "reqps", [("{{api}} {{status}}", rate("mentor_http_requests_total", "api, status"))]),
        ("Signed in, and tokens for machines", "ops", [("{{who}}", rate("mentor_sign_ins_total", "who"))]),
        ("Sign-ins refused, by reason", "ops", [
            ("{{who}} {{reason}}", rate("mentor_sign_in_refusals_total", "who, reason"))]),
        ("Messages posted to webhooks", "ops", [("{{outcome}}", rate("mentor_webhook_attempts_total", "outcome"))]),
        ("Posting a message (95 of 100)", "s", [("", quantile(0.95, "mentor_webhook_attempt_seconds", "service"))]),
        ("Messages to webhooks that wait", "s", [
            ("the oldest, of enabled webhooks", f"max(mentor_webhook_oldest_pending_seconds{{{SERVICE}}})"),
            ("due, and nobody sends it", f"max(mentor_webhook_late_seconds{{{SERVICE}}})")]),
        ("Messages to webhooks given up, and webhooks disabled as gone", "short", [
            ("given up", f"sum(increase(mentor_webhook_dead_total{{{SERVICE}}}[1h]))"),
            ("disabled", f'sum(increase(mentor_webhook_attempts_total{{{SERVICE},outcome="gone"}}[1h]))')]),
        ("Runs of sources by end", "short", [
            ("{{kind}} {{state}}", f"sum by (kind, state) (increase(mentor_sync_runs_total{{{SERVICE}}}[1h]))")]),
        ("Runs of sources: duration and the oldest", "s", [
            ("{{kind}} on average", f"sum by (kind) (rate(mentor_sync_run_seconds_sum{{{SERVICE}}}[1h]))"
             f" / sum by (kind) (rate(mentor_sync_run_seconds_count{{{SERVICE}}}[1h]))"),
            ("due or under way for", f"max(mentor_sync_oldest_seconds{{{SERVICE}}})")]),
    ]),
}


def panel(number, title, unit, targets):
    source = {"type": "prometheus", "uid": "${datasource}"}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": source, "expr": query, "legendFormat": legend, "exemplar": unit == "s"}
            for at, (legend, query) in enumerate(targets)
        ],
    }


def dashboard(name):
    title, panels = DASHBOARDS[name]
    variables = [
        {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"},
        {
            "name": "service", "type": "query", "label": "Service", "multi": True, "includeAll": True,
            "current": {"text": "All", "value": "$__all"}, "refresh": 2,
            "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "query": {"query": "label_values(mentor_database_connections, service)", "refId": "services"},
        },
    ]
    return json.dumps({
        "uid": f"mentor-{name}", "title": title, "tags": ["mentor"], "schemaVersion": 39, "editable": True,
        "time": {"from": "now-1h", "to": "now"}, "refresh": "30s", "timezone": "browser",
        "templating": {"list": variables},
        "panels": [panel(number, *spec) for number, spec in enumerate(panels)],
    }, indent=1) + "\n"


def queries():
    """Every query, with Grafana's variables filled in."""
    for title, panels in DASHBOARDS.values():
        for _, _, targets in panels:
            for _, query in targets:
                yield query.replace("$__rate_interval", "5m").replace("$service", ".*")
