//! The machine that was measured on.

use serde::Serialize;

/// What the figures depend on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Logical processors that this process may use.
    pub processors: usize,
    /// The processor's name, where the system tells it.
    pub model: Option<String>,
    pub memory_mib: Option<u64>,
    pub system: &'static str,
    /// `debug` or `release`: how this program was built, and most likely those beside it.
    pub build: &'static str,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        Self {
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            model: value_in("/proc/cpuinfo", "model name"),
            memory_mib: value_in("/proc/meminfo", "MemTotal")
                .and_then(|value| value.trim_end_matches(" kB").parse::<u64>().ok())
                .map(|kib| kib / 1024),
            system: std::env::consts::OS,
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
        }
    }

    /// In one line.
    pub fn describe(&self) -> String {
        let model = self.model.as_deref().unwrap_or("unknown processor");
        let memory = self.memory_mib.map_or(String::new(), |mib| format!(", {mib} MiB memory"));
        format!("{} × {model}{memory}, {}, {} build", self.processors, self.system, self.build)
    }
}

/// The first `name : value` in a file of such lines.
fn value_in(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    find(&text, name)
}

fn find(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn values_are_found_by_their_whole_name() {
        let text = "model\t\t: 85\nmodel name\t: Some CPU @ 2.00GHz\nmodel name\t: Other\n";
        assert_eq!(find(text, "model name").as_deref(), Some("Some CPU @ 2.00GHz"));
        assert_eq!(find(text, "name"), None);
    }
}
