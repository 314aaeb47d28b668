//! Charts as SVG text, drawn from the report's numbers alone.

use std::fmt::Write;

/// Size of a chart's viewport.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
/// Room for the scale on the left and the names below.
const LEFT: f64 = 48.0;
const BELOW: f64 = 28.0;

/// One series of stacked or grouped bars.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) color: &'static str,
    pub(crate) values: Vec<i32>,
}

/// Bars that stand on each other, one column per name.
pub(crate) fn stacked(names: &[String], series: &[Series]) -> String {
    let total = |column: usize| -> i32 { series.iter().map(|s| s.values[column]).sum() };
    let top = scale((0..names.len()).map(total).max().unwrap_or(0));
    let mut svg = begin(names, series, top);
    let wide = column_width(names);
    for column in 0..names.len() {
        let mut base = HEIGHT - BELOW;
        for one in series {
            let high = height(one.values[column], top);
            base -= high;
            bar(
                &mut svg,
                &Bar { x: left(names, column), y: base, wide: wide * 0.8, high },
                one,
                one.values[column],
                &names[column],
            );
        }
    }
    svg + "</svg>"
}

/// Bars side by side, one group per name.
pub(crate) fn grouped(names: &[String], series: &[Series]) -> String {
    let top = scale(series.iter().flat_map(|s| s.values.iter().copied()).max().unwrap_or(0));
    let mut svg = begin(names, series, top);
    let wide = column_width(names) * 0.8 / series.len().max(1) as f64;
    for column in 0..names.len() {
        for (index, one) in series.iter().enumerate() {
            let high = height(one.values[column], top);
            let x = left(names, column) + wide * index as f64;
            bar(
                &mut svg,
                &Bar { x, y: HEIGHT - BELOW - high, wide: wide * 0.94, high },
                one,
                one.values[column],
                &names[column],
            );
        }
    }
    svg + "</svg>"
}

/// Horizontal bars from wide to narrow, with each step's share of the first.
pub(crate) fn funnel(steps: &[(&str, i32)]) -> String {
    let row = 34.0;
    let all = row * steps.len() as f64;
    let mut svg =
        format!(r#"<svg viewBox="0 0 {WIDTH} {all}" role="img" xmlns="http://www.w3.org/2000/svg">"#);
    let most = steps.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    for (index, (name, n)) in steps.iter().enumerate() {
        let y = row * index as f64;
        let wide = (f64::from(*n) / f64::from(most) * (WIDTH - 300.0)).max(1.0);
        let share = i64::from(*n) * 1000 / i64::from(most);
        let _ = write!(
            svg,
            r##"<text x="110" y="{:.1}" text-anchor="end">{name}</text><rect x="120" y="{:.1}" width="{wide:.1}" height="{:.1}" rx="3" fill="#2b6cb0"/><text x="{:.1}" y="{:.1}" class="value">{n} <tspan class="dim">({}.{} %)</tspan></text>"##,
            y + row * 0.62,
            y + 4.0,
            row - 8.0,
            128.0 + wide,
            y + row * 0.62,
            share / 10,
            share % 10
        );
    }
    svg + "</svg>"
}

struct Bar {
    x: f64,
    y: f64,
    wide: f64,
    high: f64,
}

fn bar(svg: &mut String, at: &Bar, series: &Series, value: i32, name: &str) {
    if value > 0 {
        let _ = write!(
            svg,
            r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{}"><title>{name}: {} {value}</title></rect>"#,
            at.x, at.y, at.wide, at.high, series.color, series.name
        );
    }
}

/// The frame: scale, names, legend.
fn begin(names: &[String], series: &[Series], top: i32) -> String {
    let full = HEIGHT + 24.0;
    let mut svg =
        format!(r#"<svg viewBox="0 0 {WIDTH} {full}" role="img" xmlns="http://www.w3.org/2000/svg">"#);
    for part in 0..=4 {
        let value = top * part / 4;
        let y = HEIGHT - BELOW - height(value, top);
        let _ = write!(
            svg,
            r#"<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1}" y2="{y:.1}" class="grid"/><text x="{:.1}" y="{:.1}" text-anchor="end" class="dim">{value}</text>"#,
            LEFT - 8.0,
            y + 4.0
        );
    }
    for (column, name) in names.iter().enumerate() {
        let x = left(names, column) + column_width(names) * 0.4;
        let _ = write!(
            svg,
            r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle" class="dim">{name}</text>"#,
            HEIGHT - 8.0
        );
    }
    for (index, one) in series.iter().enumerate() {
        let x = LEFT + 150.0 * index as f64;
        let _ = write!(
            svg,
            r#"<rect x="{x:.1}" y="{:.1}" width="12" height="12" fill="{}"/><text x="{:.1}" y="{:.1}">{}</text>"#,
            HEIGHT + 6.0,
            one.color,
            x + 18.0,
            HEIGHT + 16.0,
            one.name
        );
    }
    svg
}

fn column_width(names: &[String]) -> f64 {
    (WIDTH - LEFT) / names.len().max(1) as f64
}

fn left(names: &[String], column: usize) -> f64 {
    LEFT + column_width(names) * (column as f64 + 0.1)
}

fn height(value: i32, top: i32) -> f64 {
    f64::from(value) / f64::from(top.max(1)) * (HEIGHT - BELOW - 12.0)
}

/// The next number that divides well into four.
fn scale(most: i32) -> i32 {
    let mut step = 1;
    loop {
        for factor in [1, 2, 5] {
            if step * factor * 4 >= most {
                return step * factor * 4;
            }
        }
        step *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_divide_into_four() {
        assert_eq!([0, 3, 5, 19, 21, 600].map(scale), [4, 4, 8, 20, 40, 800]);
    }

    #[test]
    fn every_value_has_a_bar() {
        let names = ["2025-01".to_owned(), "2025-02".to_owned()];
        let series = [
            Series { name: "held", color: "green", values: vec![3, 0] },
            Series { name: "missed", color: "red", values: vec![1, 2] },
        ];
        for svg in [stacked(&names, &series), grouped(&names, &series)] {
            assert_eq!(svg.matches("<title>").count(), 3);
            assert!(svg.contains("2025-02: missed 2"));
        }
    }
}
