//! The chart's dashboards, as Grafana would ask Prometheus for them.

use crate::prometheus::Prometheus;
use serde_json::Value;
use std::{fs, path::Path};

/// A panel, and what it asks.
pub struct Panel {
    /// The id of its dashboard.
    pub board: String,
    /// What stands above it.
    pub title: String,
    queries: Vec<String>,
}

impl Panel {
    /// Whether every line of it has something to show.
    pub fn is_filled(&self, prometheus: &Prometheus) -> bool {
        self.queries.iter().all(|query| prometheus.query(query)[0].is_object())
    }
}

/// Every panel of every dashboard, with Grafana's variables filled in.
///
/// # Panics
/// When a dashboard is not what Grafana takes.
pub fn panels() -> Vec<Panel> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../helm/mentor/monitoring/dashboards");
    let files = fs::read_dir(folder).expect("the chart has dashboards");
    let mut panels = Vec::new();
    for file in files {
        let text = fs::read_to_string(file.expect("is there").path()).expect("can be read");
        let dashboard: Value = serde_json::from_str(&text).expect("is JSON");
        let board = dashboard["uid"].as_str().expect("an id");
        let of_board = dashboard["panels"].as_array().expect("a list").iter();
        panels.extend(of_board.map(|inner| panel(board, inner)));
    }
    assert!(panels.len() > 20, "only {} panels", panels.len());
    panels
}

fn panel(board: &str, panel: &Value) -> Panel {
    let targets = panel["targets"].as_array().expect("a list");
    let query = |target: &Value| {
        let query = target["expr"].as_str().expect("PromQL");
        query.replace("$__rate_interval", "5m").replace("$service", ".*")
    };
    Panel {
        board: board.to_owned(),
        title: panel["title"].as_str().expect("a title").to_owned(),
        queries: targets.iter().map(query).collect(),
    }
}
