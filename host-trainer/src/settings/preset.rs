//! Settings that go together, by name.

use std::path::Path;

use super::{TrainSettings, file};

/// A named set of settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// 600 steps: a first look at whether the photographs are usable
    Quick,
    /// 2800 steps: some minutes on two cores
    #[default]
    Standard,
    /// 12000 steps and more patience: for the model that goes on the line
    Thorough,
}

impl Preset {
    /// Its settings; those that it leaves open come from `standard`.
    pub fn settings(self) -> TrainSettings {
        let (name, text) = match self {
            Self::Quick => ("quick.toml", include_str!("../../presets/quick.toml")),
            Self::Standard => ("standard.toml", include_str!("../../presets/standard.toml")),
            Self::Thorough => ("thorough.toml", include_str!("../../presets/thorough.toml")),
        };
        file::parse(text, Path::new(name)).expect("the presets of this program are settings")
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_preset_can_be_used_and_standard_leaves_nothing_open() {
        for preset in Preset::value_variants() {
            let named = TrainSettings { preset: Some(*preset), ..TrainSettings::default() };
            named.resolve();
        }
        let standard = Preset::Standard.settings();
        assert_eq!(standard.clone().resolve(), standard.over(Preset::Quick.settings()).resolve());
    }
}
