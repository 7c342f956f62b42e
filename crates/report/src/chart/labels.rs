//! Finding room for labels.
//!
//! A picture is as wide as its place, while its letters keep their size. So a label has to have room at the narrowest width;
//! one that has it only on a wide page is shown only there.

use unicode_width::UnicodeWidthStr;

/// Pixels of the drawing on a phone: 390, less the margins of the page and the room for the numbers beside the drawing.
const NARROW: f64 = 262.0;
/// Pixels of the drawing from which on more labels are shown; the style sheet has the width of the figure that gives it.
const WIDE: f64 = 560.0;
/// Pixels that a column of text takes at the size of the labels, on the safe side.
const COLUMN: f64 = 6.9;
/// Height of a line.
const LINE: f64 = 14.0;

/// Pixels that a text takes.
fn wide(text: &str) -> f64 {
    text.width() as f64 * COLUMN
}

/// At which side of a text its place is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    /// As SVG names it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// A place where a label could be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    /// Share of the width, 0-1.
    pub(super) x: f64,
    /// Pixels to the right of it.
    pub(super) dx: f64,
    /// Base line, in pixels from the top.
    pub(super) y: f64,
    pub(super) anchor: Anchor,
}

#[derive(Clone, Copy)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// What is taken already, at both widths.
#[derive(Default)]
pub(super) struct Room {
    narrow: Vec<Area>,
    wide: Vec<Area>,
}

impl Room {
    /// Takes the first spot that is free: which, and whether it is free on a wide page only.
    pub(super) fn place(&mut self, text: &str, spots: &[Spot]) -> Option<(Spot, bool)> {
        let free = |taken: &[Area], area: &Area, width: f64| {
            area.left >= -4.0
                && area.right <= width + 4.0
                && !taken.iter().any(|other| other.meets(area))
        };
        for only_wide in [false, true] {
            for spot in spots {
                let wide_area = area(text, spot, WIDE);
                let narrow_area = area(text, spot, NARROW);
                if free(&self.wide, &wide_area, WIDE)
                    && (only_wide || free(&self.narrow, &narrow_area, NARROW))
                {
                    self.wide.push(wide_area);
                    if !only_wide {
                        self.narrow.push(narrow_area);
                    }
                    return Some((*spot, only_wide));
                }
            }
        }
        None
    }

    /// Keeps labels off a mark with this radius.
    pub(super) fn mark(&mut self, x: f64, y: f64, radius: f64) {
        for (taken, width) in [(&mut self.narrow, NARROW), (&mut self.wide, WIDE)] {
            taken.push(Area {
                left: x * width - radius,
                right: x * width + radius,
                top: y - radius,
                bottom: y + radius,
            });
        }
    }
}

fn area(text: &str, spot: &Spot, width: f64) -> Area {
    let long = wide(text);
    let at = spot.x * width + spot.dx;
    let left = match spot.anchor {
        Anchor::Start => at,
        Anchor::Middle => at - long / 2.0,
        Anchor::End => at - long,
    };
    Area {
        left,
        right: left + long,
        top: spot.y - LINE + 3.0,
        bottom: spot.y + 3.0,
    }
}

/// Moves labels that stand below each other apart, as little as it can: base lines in, base lines out, in the same order.
/// None goes above the top or below the bottom as long as there is room for all.
pub(super) fn apart(lines: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|a, b| lines[*a].total_cmp(&lines[*b]));
    let mut out = lines.to_vec();
    let mut least = top;
    for at in &order {
        out[*at] = out[*at].max(least);
        least = out[*at] + LINE;
    }
    let mut most = bottom;
    for at in order.iter().rev() {
        out[*at] = out[*at].min(most);
        most = out[*at] - LINE;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_takes_the_first_spot_that_is_free() {
        let spot = |x, y| Spot {
            x,
            dx: 0.0,
            y,
            anchor: Anchor::Start,
        };
        let mut room = Room::default();
        let (first, wide) = room.place("CVE-2021-44228", &[spot(0.1, 20.0)]).unwrap();
        assert!(!wide && (first.y - 20.0).abs() < 0.1);
        let (second, _) = room
            .place("CVE-2021-44228", &[spot(0.1, 22.0), spot(0.1, 60.0)])
            .unwrap();
        assert!((second.y - 60.0).abs() < 0.1);
        // Beside the first there is room on a wide page, and none on a phone.
        let (_, wide) = room.place("CVE-2021-44228", &[spot(0.4, 20.0)]).unwrap();
        assert!(wide);
        assert!(room.place("CVE-2021-44228", &[spot(0.99, 90.0)]).is_none());
    }

    #[test]
    fn labels_below_each_other_move_apart() {
        assert_eq!(apart(&[50.0, 50.0, 52.0], 10.0, 70.0), [42.0, 56.0, 70.0]);
        assert_eq!(apart(&[20.0, 60.0], 10.0, 70.0), [20.0, 60.0]);
        assert!(apart(&[], 0.0, 1.0).is_empty());
    }
}
