//! Do the counters of a stack reach a recorder? (feature `metrics`)
#![cfg(feature = "metrics")]

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use osier::Stack;
use osier::counts::{INTERVAL, name};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The counters, each under its name and its labels.
#[derive(Default)]
struct Board(Mutex<BTreeMap<(String, String), Arc<AtomicU64>>>);

impl Board {
    fn read(&self, name: &str, labels: &str) -> Option<u64> {
        let counters = self.0.lock().unwrap();
        counters.get(&(name.to_owned(), labels.to_owned())).map(|n| n.load(Ordering::Relaxed))
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Recorder for Board {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels = key.labels().map(|label| format!("{}={}", label.key(), label.value()));
        let labels = labels.collect::<Vec<_>>().join(",");
        let mut counters = self.0.lock().unwrap();
        Counter::from_arc(counters.entry((key.name().to_owned(), labels)).or_default().clone())
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        panic!("nobody spoke of a gauge: {key}")
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        panic!("nobody spoke of a histogram: {key}")
    }
}

/// A connection over loopback, opened and closed, and one that is refused.
async fn traffic(stack: &Stack) {
    let listener = stack.tcp_listen("127.0.0.1:80".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(stack.tcp_connect(to), listener.accept());
    drop((called.unwrap(), accepted.unwrap()));
    assert!(stack.tcp_connect("127.0.0.1:9".parse().unwrap()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn every_counter_is_there_from_the_first_and_agrees_with_the_stack_later() {
    let board = Board::default();
    let _recording = metrics::set_default_local_recorder(&board);
    let stack = Stack::builder().metrics_host("willow").build().unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(board.len(), stack.counters().len());
    assert_eq!(board.read("osier_refused_total", "host=willow"), Some(0));
    for _ in 0..3 {
        traffic(&stack).await;
        tokio::time::sleep(2 * INTERVAL).await;
    }
    assert_eq!(board.read("osier_refused_total", "host=willow"), Some(3));
    for (counter, count) in stack.counters() {
        assert_eq!(board.read(&name(counter), "host=willow"), Some(count), "{counter}");
    }
}

#[tokio::test(start_paused = true)]
async fn counters_wait_for_the_interval_but_not_beyond_the_end_of_the_stack() {
    let board = Board::default();
    let _recording = metrics::set_default_local_recorder(&board);
    let stack = Stack::builder().build().unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    traffic(&stack).await;
    tokio::time::sleep(INTERVAL / 2).await;
    assert_eq!(board.read("osier_refused_total", ""), Some(0), "it is not yet time");
    stack.shutdown(Duration::ZERO).await;
    assert_eq!(board.read("osier_refused_total", ""), Some(1));
}

#[tokio::test(start_paused = true)]
async fn stacks_without_labels_add_up() {
    let board = Board::default();
    let _recording = metrics::set_default_local_recorder(&board);
    let (one, other) = (Stack::builder().build().unwrap(), Stack::builder().build().unwrap());
    traffic(&one).await;
    traffic(&other).await;
    traffic(&other).await;
    tokio::time::sleep(2 * INTERVAL).await;
    assert_eq!(board.read("osier_refused_total", ""), Some(3));
}
