//! The report: one table, each row with Jeton's target where it has one.

use std::fmt::Write;

/// One thing that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    what: String,
    measured: String,
    ratio: Option<(f64, &'static str)>,
    target: Option<Target>,
}

/// What is aimed at.
#[derive(Clone, Copy, Debug)]
enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    /// A row that only tells.
    pub(crate) fn new(what: &str, measured: String) -> Self {
        Self { what: what.to_owned(), measured, ratio: None, target: None }
    }

    /// The number that a target is about, with what it counts.
    pub(crate) fn ratio(mut self, value: f64, unit: &'static str) -> Self {
        self.ratio = Some((value, unit));
        self
    }

    /// The number should be as large as this or larger.
    pub(crate) fn at_least(mut self, least: f64) -> Self {
        self.target = Some(Target::AtLeast(least));
        self
    }

    /// The number should be as small as this or smaller.
    pub(crate) fn at_most(mut self, most: f64) -> Self {
        self.target = Some(Target::AtMost(most));
        self
    }

    /// By which part of the target it is missed; none if it is met or there is none.
    fn missed_by(&self) -> Option<f64> {
        let (value, _) = self.ratio?;
        let share = match self.target? {
            Target::AtLeast(least) => 1.0 - value / least,
            Target::AtMost(most) => value / most - 1.0,
        };
        (share > 0.0).then_some(share)
    }

    fn line(&self) -> String {
        let number = self.ratio.map(|(value, unit)| format!("{value:.2} {unit}")).unwrap_or_default();
        let target = match self.target {
            None => String::new(),
            Some(Target::AtLeast(least)) => format!("≥ {least}"),
            Some(Target::AtMost(most)) => format!("≤ {most}"),
        };
        let verdict = match (self.missed_by(), self.target) {
            (_, None) => String::new(),
            (None, Some(_)) => "met".to_owned(),
            (Some(share), Some(_)) => format!("missed by {:.0} %", share * 100.0),
        };
        format!("| {} | {} | {number} | {target} | {verdict} |", self.what, self.measured)
    }
}

/// The whole report, in Markdown.
pub(crate) fn render(about: &[(&str, String)], rows: &[Row]) -> String {
    let mut text = String::new();
    for (name, value) in about {
        let _ = writeln!(text, "* {name}: {value}");
    }
    text.push_str("\n| what | measured | number | target | |\n| --- | --- | --- | --- | --- |\n");
    for row in rows {
        let _ = writeln!(text, "{}", row.line());
    }
    let missed = rows.iter().filter(|row| row.missed_by().is_some()).count();
    let aimed = rows.iter().filter(|row| row.target.is_some()).count();
    let _ = writeln!(text, "\n{} of {aimed} targets met, {missed} missed.", aimed - missed);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_by_how_much_it_misses() {
        let row = Row::new("x", "1 s".to_owned());
        assert_eq!(row.line(), "| x | 1 s |  |  |  |");
        assert_eq!(
            row.clone().ratio(0.63, "of y").at_least(0.7).line(),
            "| x | 1 s | 0.63 of y | ≥ 0.7 | missed by 10 % |"
        );
        assert_eq!(row.clone().ratio(1.04, "× y").at_most(1.05).line(), "| x | 1 s | 1.04 × y | ≤ 1.05 | met |");
        assert_eq!(row.ratio(3.0, "× y").at_most(2.0).line(), "| x | 1 s | 3.00 × y | ≤ 2 | missed by 50 % |");
    }
}
