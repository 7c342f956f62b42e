//! Charts, drawn on the server: HTML with SVG inside, from plain data, without script.
//!
//! Each chart is a figure whose title says the finding, a picture with direct labels, and a table with the same numbers.
//! There is no style and no script inside, so that a strict content security policy allows them; colours come from
//! [`STYLE`]. Bars begin at zero. A severity is never told by its colour alone. Text keeps its size at every width, and
//! where a label has room only on a wide page it is hidden on a narrow one.
//!
//! Labels may be any text: they are made harmless, cut in the picture and whole in the table. Numbers that are none
//! count as not recorded. Links that do not lead into the portal or over HTTP are left out.

mod ageing;
mod bars;
mod factors;
mod frame;
mod labels;
mod plot;
mod scatter;
mod severity;
mod share;
mod sla;
mod spark;
mod stack;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trend;
mod words;

pub use ageing::{AGE_FROM, AGES, Ageing};
pub use bars::{Bar, Bars};
pub use factors::Factors;
pub use plot::Event;
pub use scatter::{Dot, Scatter};
pub use severity::BySeverity;
pub use share::Slice;
pub use sla::{Sla, SlaRow, Standing};
pub use spark::Spark;
pub use stack::{Counts, Stack};
pub use trend::{Point, Trend};
pub use words::Subject;

/// The stylesheet of all charts. It stands on the variables of the page: `--ground`, `--text`, `--muted`, `--line`,
/// `--edge`, `--accent`, and the fills `--critical`, `--high`, `--medium`, `--low` and `--none`, each with a contrast of
/// at least 4.5 to `--ground`, since letters in the colour of the ground stand on them.
pub const STYLE: &str = include_str!("chart.css");
