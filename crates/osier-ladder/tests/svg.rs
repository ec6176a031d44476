//! Pages judged: slopes, crosses, returns, folds, bands, words.

use osier_ladder::{Band, Caption, Curve, End, Fate, Ladder, State, Step, Unit};
use osier_time::{Duration, Instant};
use roxmltree::{Document, Node};

fn ms(n: u64) -> Instant {
    Instant::from_nanos(n * 1_000_000)
}

fn two() -> Vec<End> {
    vec![End::new("client"), End::new("server")]
}

fn sent(at: u64, from: usize, label: &str) -> Step {
    Step::segment(ms(at), from, 1 - from, Fate::Arrived(ms(at + 50)), label)
}

fn lost(at: u64, from: usize, label: &str) -> Step {
    Step::segment(ms(at), from, 1 - from, Fate::Lost, label)
}

fn svg(steps: Vec<Step>) -> String {
    Ladder { ends: two(), steps }.to_svg(&Caption::new("A title"))
}

fn step<'a>(page: &'a Document<'a>, number: usize) -> Node<'a, 'a> {
    let id = format!("step-{number}");
    page.descendants().find(|node| node.attribute("id") == Some(&id)).expect("the step is drawn")
}

/// The numbers of a path of absolute coordinates.
fn numbers(path: &str) -> Vec<f64> {
    let numbers = path.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'));
    numbers.filter(|n| !n.is_empty()).map(|n| n.parse().unwrap()).collect()
}

/// Where the line of a step begins and ends.
fn line(step: Node<'_, '_>) -> [f64; 4] {
    let arrow = step.children().find(|node| node.attribute("class") == Some("l-arrow")).unwrap();
    let path = arrow.first_element_child().unwrap().attribute("d").unwrap();
    numbers(path).try_into().expect("a line from a point to a point")
}

fn texts(node: Node<'_, '_>) -> Vec<String> {
    let texts = node.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|text| Some(text.text()?.to_owned())).collect()
}

/// The lifelines, as the names above them tell.
fn lifelines(page: &Document<'_>) -> [f64; 2] {
    ["client", "server"].map(|name| {
        let head = page.descendants().find(|node| node.text() == Some(name)).unwrap();
        let head = if head.is_text() { head.parent().unwrap() } else { head };
        head.attribute("x").unwrap().parse().unwrap()
    })
}

#[test]
fn the_slope_of_an_arrow_is_the_time_under_way() {
    let twice = Step::segment(ms(200), 0, 1, Fate::Arrived(ms(300)), "slow");
    let at_once = Step::segment(ms(500), 0, 1, Fate::Arrived(ms(500)), "at once");
    let svg = svg(vec![sent(0, 0, "one"), sent(100, 1, "two"), twice, at_once]);
    let page = Document::parse(&svg).unwrap();
    let [client, server] = lifelines(&page);
    let fall = |number| {
        let [x1, y1, x2, y2] = line(step(&page, number));
        assert!(x1.min(x2) > client && x1.max(x2) < server, "between the lifelines");
        (x2 - x1, y2 - y1)
    };
    let (one, two, slow, level) = (fall(1), fall(2), fall(3), fall(4));
    assert!(one.0 > 0.0 && two.0 < 0.0, "towards the receiver: {one:?} {two:?}");
    assert!((one.1 - two.1).abs() < 0.2 && one.1 > 20.0, "{one:?} {two:?}");
    assert!((slow.1 - 2.0 * one.1).abs() < 0.3, "{slow:?} is twice {one:?}");
    assert_eq!(level.1, 0.0);
}

#[test]
fn an_answer_leaves_below_the_arrival_of_what_it_answers() {
    let svg = svg(vec![sent(0, 0, "one"), sent(50, 1, "two"), sent(100, 0, "three")]);
    let page = Document::parse(&svg).unwrap();
    let [.., arrives] = line(step(&page, 1));
    let [_, leaves, ..] = line(step(&page, 2));
    assert!(leaves >= arrives && leaves < arrives + 20.0, "{arrives} {leaves}");
}

#[test]
fn a_lost_segment_ends_in_a_cross_and_has_no_point() {
    for from in [0, 1] {
        let svg = svg(vec![sent(0, 0, "one"), lost(100, from, "two")]);
        let page = Document::parse(&svg).unwrap();
        let [client, server] = lifelines(&page);
        let (arrived, lost) = (step(&page, 1), step(&page, 2));
        let has = |step: Node<'_, '_>, class: &str| {
            step.descendants().any(|n| n.attribute("class").is_some_and(|c| c.contains(class)))
        };
        assert!(!has(arrived, "l-cross") && has(arrived, "l-point"));
        assert!(has(lost, "l-cross") && !has(lost, "l-point"));
        assert!(texts(lost).contains(&"lost".to_owned()), "not by a colour alone");
        let [x1, _, x2, _] = line(lost);
        let (sender, receiver) = if from == 0 { (client, server) } else { (server, client) };
        assert!((x1 - sender).abs() < 20.0);
        assert!((x2 - receiver).abs() > 50.0, "it does not reach the receiver");
    }
}

#[test]
fn what_is_lost_at_one_moment_has_a_cross_each() {
    let svg = svg(vec![sent(0, 1, "one"), lost(100, 0, "two"), lost(100, 0, "three")]);
    let page = Document::parse(&svg).unwrap();
    let cross = |number| line(step(&page, number))[3];
    assert!(cross(3) - cross(2) > 12.0, "{} {}", cross(2), cross(3));
}

#[test]
fn what_was_sent_again_points_at_what_it_repeats() {
    let steps = vec![lost(0, 0, "data"), sent(10, 1, "other"), sent(300, 0, "data").repeats(0)];
    let svg = svg(steps);
    let page = Document::parse(&svg).unwrap();
    let back = page.descendants().filter(|n| n.attribute("data-repeats").is_some());
    let back: Vec<_> = back.collect();
    assert_eq!(back.len(), 1);
    let path = numbers(back[0].attribute("d").unwrap());
    let (begins, ends) = (path[1], path[path.len() - 1]);
    let ([_, first, ..], [_, again, ..]) = (line(step(&page, 1)), line(step(&page, 3)));
    assert!((begins - again).abs() < 12.0 && (ends - first).abs() < 12.0, "{path:?}");
    let words = texts(step(&page, 3));
    assert!(words.iter().any(|text| text == "↻ step 1 again"), "{words:?}");
    assert!(texts(page.root()).iter().any(|text| text == "↻ data"), "and on its arrow");
}

#[test]
fn long_silence_is_folded_and_its_length_is_written_in_its_place() {
    let svg = svg(vec![sent(0, 0, "one"), sent(10_050, 1, "two"), sent(10_100, 0, "three")]);
    let page = Document::parse(&svg).unwrap();
    let fold = page.descendants().find(|n| n.text() == Some("10.00 s later")).expect("a fold");
    let fold = if fold.is_text() { fold.parent().unwrap() } else { fold };
    let y: f64 = fold.attribute("y").unwrap().parse().unwrap();
    let leaves = |number| line(step(&page, number))[1];
    let [.., arrives] = line(step(&page, 1));
    assert!(arrives < y && y < leaves(2) && leaves(2) < leaves(3), "{arrives} {y} {}", leaves(2));
    assert!(leaves(2) - arrives < 150.0, "ten seconds are not drawn");
}

#[test]
fn a_band_lasts_as_long_as_its_state() {
    let open = State::new("OPEN", Band::Thick);
    let steps = vec![
        sent(0, 0, "hello").state(0, "CALLING").state(1, open.clone()),
        sent(50, 1, "hello").state(0, open),
    ];
    let svg = svg(steps);
    let page = Document::parse(&svg).unwrap();
    let [client, server] = lifelines(&page);
    let band = |x: f64, thick: bool| {
        let bands = page.descendants().filter(|n| n.attribute("class") == Some("l-band"));
        let number = |n: Node<'_, '_>, name| n.attribute(name).unwrap().parse::<f64>().unwrap();
        let mut found = bands.filter(|n| {
            let middle = number(*n, "x") + number(*n, "width") / 2.0;
            (middle - x).abs() < 0.2 && (number(*n, "width") > 12.0) == thick
        });
        let one = found.next().expect("a band");
        assert!(found.next().is_none(), "only one");
        (number(one, "y"), number(one, "y") + number(one, "height"))
    };
    let ([_, leaves, _, arrives], [_, _, _, back]) = (line(step(&page, 1)), line(step(&page, 2)));
    let close = |one: f64, other: f64| assert!((one - other).abs() < 0.2, "{one} {other}");
    let (calling, called) = (band(client, false), band(server, true));
    close(calling.0, leaves);
    close(called.0, arrives);
    close(calling.1, back);
    close(band(client, true).0, back);
}

#[test]
fn a_curve_rises_to_its_highest_value_and_falls_again() {
    let (title, every) = ("in the queue".to_owned(), Duration::from_millis(500));
    let curve = Curve { title, every, values: vec![0, 50, 100, 25], unit: Unit::Number };
    let ladder = Ladder { ends: two(), steps: vec![sent(0, 0, "one")] };
    let svg = ladder.to_svg(&Caption::new("A title").curve(curve));
    let page = Document::parse(&svg).unwrap();
    let drawn = page.descendants().find(|n| n.attribute("class") == Some("l-curve")).unwrap();
    assert_eq!(texts(drawn)[..4], ["in the queue", "0", "50", "100"]);
    let last = drawn.children().rfind(|n| n.has_tag_name("path")).unwrap();
    let points = numbers(&last.attribute("d").unwrap().replace(['M', 'L'], " "));
    let (x, y): (Vec<f64>, Vec<f64>) = points.chunks(2).map(|point| (point[0], point[1])).unzip();
    assert!(x.windows(2).all(|pair| (pair[1] - pair[0] - (x[1] - x[0])).abs() < 0.2), "{x:?}");
    let bottom = y[0];
    let part = |n: usize| (bottom - y[n]) / (bottom - y[2]);
    assert!((part(1) - 0.5).abs() < 0.01 && (part(3) - 0.25).abs() < 0.01, "{y:?}");
}

#[test]
fn a_page_needs_nothing_from_elsewhere_and_tells_each_step() {
    let evil = "<script>alert(1)</script>&\"'";
    let step = sent(0, 0, evil).why("A sentence.", "RFC 9293 §3.5").detail(evil);
    let html = Ladder { ends: two(), steps: vec![step] }.to_html(&Caption::new(evil));
    assert!(!html.contains("<script") && !html.contains("src="));
    assert!(!html.contains("@import") && !html.contains("url("));
    assert!(html.contains("href=\"https://www.rfc-editor.org/rfc/rfc9293#section-3.5\""));
    assert!(html.contains("prefers-color-scheme:dark") && html.contains("@media print"));
    assert!(html.matches("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;").count() >= 4);
    assert!(html.contains("├─── "), "the text is there, with its blanks");
}
