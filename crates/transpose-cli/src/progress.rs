//! The progress bar: bytes read of the inputs, on a terminal only.

use crate::messages::Messages;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use transpose_io::Input;

/// How much of the inputs has been read.
pub(crate) struct Progress<'a> {
    inputs: &'a [Input],
    bar: ProgressBar,
}

impl<'a> Progress<'a> {
    /// A bar for all inputs, hidden unless messages go to a terminal.
    pub(crate) fn new(inputs: &'a [Input], messages: &Messages) -> Self {
        let target = if messages.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        // A pipe has no size, so the total is unknown if there is one.
        let total: Option<u64> = inputs.iter().map(|input| input.progress().1).sum();
        let bar = ProgressBar::with_draw_target(total, target);
        let template = match total {
            Some(_) => "{bar:32} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            None => "{spinner} {bytes}, {bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { inputs, bar }
    }

    /// Shows how much has been read.
    pub(crate) fn update(&self) {
        if !self.bar.is_hidden() {
            self.bar.set_position(self.inputs.iter().map(|input| input.progress().0).sum());
        }
    }

    /// Removes the bar before messages are written.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
