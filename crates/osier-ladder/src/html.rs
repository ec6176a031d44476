//! How is a ladder put on one page, with nothing beside it?
//!
//! The drawing, a table of its steps for those who read or search, and the ladder as plain text.
//! One file: no script, no picture, typeface or style sheet from elsewhere. It is well-formed XML
//! as well as HTML.

use crate::caption::Caption;
use crate::ladder::{Fate, Ladder, Step, What};
use crate::look::Look;
use crate::scale::stamp;
use crate::svg::{escaped, link};
use osier_time::{Duration, Instant};
use std::fmt::Write;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0 auto;padding:1rem;max-width:80rem;background:#fff;color:#1c2127;\
font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif}\
.drawing{overflow-x:auto}.drawing svg{max-width:100%;height:auto;display:block;margin:0 auto}\
table{border-collapse:collapse;width:100%;font-size:13px;margin:1rem 0}\
caption{text-align:left;font-weight:600;padding:.5rem 0}\
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #c3cad1}\
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
td:nth-child(3),td:nth-child(5){white-space:nowrap}td:nth-child(6){min-width:18rem}\
code,pre{font-family:ui-monospace,Menlo,Consolas,'Noto Sans Mono','DejaVu Sans Mono',monospace}\
code{font-size:12px}pre{overflow-x:auto;font-size:12px;line-height:1.25}\
.lost{color:#c0242b;font-weight:600}.dim{color:#5c6670}summary{cursor:pointer;font-weight:600}\
a{color:#0b62b0}\
@media screen and (prefers-color-scheme:dark){body{background:#15191e;color:#e8eaed}\
th,td{border-color:#4a545f}.lost{color:#ff8078}.dim{color:#a3adb8}a{color:#74b9ff}}\
@media print{details{display:none}body{max-width:none;padding:0}tr{break-inside:avoid}}";

impl Ladder {
    /// The whole ladder as one HTML file: the drawing of [`Ladder::to_svg`], a table of the steps,
    /// and the text of [`Ladder::draw`].
    pub fn to_html(&self, caption: &Caption) -> String {
        let title = if caption.title.is_empty() { "A ladder" } else { caption.title.as_str() };
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n\
             <meta charset=\"utf-8\"/>\n<title>{}</title>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<div class=\"drawing\">\n",
            escaped(title)
        );
        out.push_str(&self.to_svg(caption));
        out.push_str("</div>\n");
        self.table(&mut out);
        out.push_str("<details>\n<summary>The same as text</summary>\n<pre>");
        // The drawing is clean already, and its blanks and lines are to stay.
        for line in self.draw(Look::default()).lines() {
            out.push_str(&line.split(' ').map(escaped).collect::<Vec<_>>().join(" "));
            out.push('\n');
        }
        out.push_str("</pre>\n</details>\n</body>\n</html>\n");
        out
    }

    fn table(&self, out: &mut String) {
        out.push_str(
            "<table>\n<caption>Step by step</caption>\n<thead><tr><th class=\"n\">Step</th>\
             <th class=\"n\">Time</th><th>Where</th><th>What</th><th>State after it</th>\
             <th>Why</th></tr></thead>\n<tbody>\n",
        );
        let origin = self.steps.iter().map(|step| step.at).min().unwrap_or(Instant::ZERO);
        for (index, step) in self.steps.iter().enumerate() {
            let number = index + 1;
            writeln!(
                out,
                "<tr><td class=\"n\"><a href=\"#step-{number}\">{number}</a></td>\
                 <td class=\"n\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escaped(&stamp(since(origin, step.at))),
                self.place(step),
                what(step),
                self.states(step),
                why(step)
            )
            .expect("a string takes everything");
        }
        out.push_str("</tbody>\n</table>\n");
    }

    /// At which end, or from which to which, and what became of it.
    fn place(&self, step: &Step) -> String {
        match step.what {
            What::Note { end } => self.name(end),
            What::Segment { from, to, fate } => {
                let way = format!("{} → {}", self.name(from), self.name(to));
                match fate {
                    Fate::Lost => format!("{way} <span class=\"lost\">✗ lost</span>"),
                    Fate::Arrived(at) => {
                        let after = since(step.at, at);
                        if after.is_zero() {
                            return way;
                        }
                        let after = escaped(&stamp(after));
                        format!("{way}<br/><span class=\"dim\">{after} under way</span>")
                    }
                }
            }
        }
    }

    fn name(&self, end: usize) -> String {
        let end = self.ends.get(end).or(self.ends.last());
        escaped(end.map_or("", |end| end.name.as_str()))
    }

    fn states(&self, step: &Step) -> String {
        let known = step.states.iter().enumerate();
        let states = known.filter_map(|(end, state)| {
            let state = escaped(&state.as_ref()?.name);
            Some(format!("{}: {state}", self.name(end)))
        });
        states.collect::<Vec<_>>().join("<br/>")
    }
}

fn what(step: &Step) -> String {
    let mut text = format!("<code>{}</code>", escaped(&step.label));
    for detail in &step.details {
        text += &format!("<br/><span class=\"dim\">{}</span>", escaped(detail));
    }
    if let Some(original) = step.repeats {
        let number = original.saturating_add(1);
        text += &format!("<br/>↻ <a href=\"#step-{number}\">step {number}</a> again");
    }
    text
}

fn why(step: &Step) -> String {
    let Some(why) = &step.why else { return String::new() };
    let sentence = escaped(&why.sentence);
    let Some(section) = &why.section else { return sentence };
    let told = escaped(section);
    match link(section) {
        Some(link) => format!("{sentence} <a href=\"{}\">{told}</a>", escaped(&link)),
        None => format!("{sentence} <span class=\"dim\">{told}</span>"),
    }
}

fn since(from: Instant, to: Instant) -> Duration {
    Duration::from_nanos(to.as_nanos().saturating_sub(from.as_nanos()))
}
