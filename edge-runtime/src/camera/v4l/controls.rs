//! The camera's controls: what has to be set, in which order, and whether it still holds. Values are in the units of
//! the control (exposure: 100 us; white balance: kelvin; gain and focus: the camera's own). Automatic modes are
//! switched off before the value that they would change. It knows nothing of frames.

use std::collections::BTreeMap;

use super::device::{ControlInfo, VideoDevice};
use super::error::DeviceError;
use crate::camera::CaptureError;

/// `V4L2_CID_*` of `linux/v4l2-controls.h`.
mod id {
    pub const AUTO_WHITE_BALANCE: u32 = 0x0098_090c;
    pub const EXPOSURE: u32 = 0x0098_0911;
    pub const AUTOGAIN: u32 = 0x0098_0912;
    pub const GAIN: u32 = 0x0098_0913;
    pub const WHITE_BALANCE_TEMPERATURE: u32 = 0x0098_091a;
    pub const EXPOSURE_AUTO: u32 = 0x009a_0901;
    pub const EXPOSURE_ABSOLUTE: u32 = 0x009a_0902;
    pub const FOCUS_ABSOLUTE: u32 = 0x009a_090a;
    pub const FOCUS_AUTO: u32 = 0x009a_090c;
    pub const ANALOGUE_GAIN: u32 = 0x009e_0903;
}

/// `V4L2_EXPOSURE_MANUAL`.
const EXPOSURE_MANUAL: i32 = 1;

/// More than any camera has; a driver whose list does not end is cut off.
const MAX_LISTED: usize = 512;

/// The values that the camera shall hold. What is not named is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlSettings {
    /// Exposure time, in units of 100 us; sets manual exposure.
    pub exposure: Option<i32>,
    /// Gain in the camera's unit; switches automatic gain off.
    pub gain: Option<i32>,
    /// Colour temperature of the white balance in kelvin; switches the automatic one off.
    pub white_balance_temperature: Option<i32>,
    /// Focus in the camera's unit; switches automatic focus off.
    pub focus_absolute: Option<i32>,
    /// Any other control by its name as `v4l2-ctl --list-ctrls` shows it; set after those above.
    pub others: BTreeMap<String, i32>,
}

/// A control with the value that it shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    id: u32,
    name: String,
    value: i32,
}

/// Everything that has to be set, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    steps: Vec<Step>,
}

impl Plan {
    /// Makes a plan for a camera with the controls `there`.
    pub(super) fn new(settings: &ControlSettings, there: &[ControlInfo]) -> Result<Self, DeviceError> {
        let mut plan = Self::default();
        let named = [
            (
                "exposure",
                settings.exposure,
                &[id::EXPOSURE_ABSOLUTE, id::EXPOSURE][..],
                id::EXPOSURE_AUTO,
                EXPOSURE_MANUAL,
            ),
            ("gain", settings.gain, &[id::GAIN, id::ANALOGUE_GAIN], id::AUTOGAIN, 0),
            (
                "white_balance_temperature",
                settings.white_balance_temperature,
                &[id::WHITE_BALANCE_TEMPERATURE],
                id::AUTO_WHITE_BALANCE,
                0,
            ),
            ("focus_absolute", settings.focus_absolute, &[id::FOCUS_ABSOLUTE], id::FOCUS_AUTO, 0),
        ];
        for (name, value, ids, automatic, off) in named {
            let Some(value) = value else { continue };
            let by_id = |id: u32| there.iter().find(|control| control.id == id && control.settable);
            let control = ids.iter().find_map(|&id| by_id(id)).ok_or_else(|| unknown(name, there))?;
            if let Some(automatic) = by_id(automatic) {
                plan.add(automatic, off)?;
            }
            plan.add(control, value)?;
        }
        for (name, &value) in &settings.others {
            let control = there.iter().find(|control| control.name == *name && control.settable);
            plan.add(control.ok_or_else(|| unknown(name, there))?, value)?;
        }
        Ok(plan)
    }

    fn add(&mut self, control: &ControlInfo, value: i32) -> Result<(), DeviceError> {
        let &ControlInfo { id, ref name, min, max, .. } = control;
        if !(min..=max).contains(&value) {
            return Err(DeviceError::ControlRange { name: name.clone(), asked: value, min, max });
        }
        self.steps.retain(|step| step.id != id);
        self.steps.push(Step { id, name: name.clone(), value });
        Ok(())
    }

    /// Sets everything. Whether it holds is for [`Plan::difference`] to say.
    pub(super) fn apply(&self, device: &mut impl VideoDevice) -> Result<(), DeviceError> {
        for step in &self.steps {
            device
                .set_control(step.id, step.value)
                .map_err(DeviceError::request("to set a control (VIDIOC_S_CTRL)"))?;
        }
        Ok(())
    }

    /// The first control that does not hold its value, with the value found.
    pub(super) fn difference(&self, device: &mut impl VideoDevice) -> std::io::Result<Option<(&Step, i32)>> {
        for step in &self.steps {
            let found = device.control(step.id)?;
            if found != step.value {
                return Ok(Some((step, found)));
            }
        }
        Ok(None)
    }

    /// Sets everything and reads it back.
    pub(super) fn establish(&self, device: &mut impl VideoDevice) -> Result<(), DeviceError> {
        self.apply(device)?;
        let read = self.difference(device).map_err(DeviceError::request("to read a control (VIDIOC_G_CTRL)"))?;
        match read {
            None => Ok(()),
            Some((step, found)) => {
                Err(DeviceError::ControlDiffers { name: step.name.clone(), asked: step.value, found })
            }
        }
    }
}

impl Step {
    /// The control holds `found` instead.
    pub(super) fn differs(&self, found: i32) -> CaptureError {
        CaptureError::Setting { name: self.name.clone(), asked: self.value, found }
    }
}

/// All controls of a device.
pub(super) fn list(device: &mut impl VideoDevice) -> Result<Vec<ControlInfo>, DeviceError> {
    let mut found: Vec<ControlInfo> = Vec::new();
    while found.len() < MAX_LISTED {
        let last = found.last().map_or(0, |control| control.id);
        let next = device.control_after(last);
        match next.map_err(DeviceError::request("to list its controls (VIDIOC_QUERYCTRL)"))? {
            Some(control) if control.id > last => found.push(control),
            _ => break,
        }
    }
    Ok(found)
}

fn unknown(name: &str, there: &[ControlInfo]) -> DeviceError {
    let there = there.iter().filter(|control| control.settable).map(|control| control.name.clone()).collect();
    DeviceError::UnknownControl { name: name.to_owned(), there }
}

#[cfg(test)]
mod tests {
    use shared::image::Size;

    use super::super::fake::FakeDevice;
    use super::*;

    fn control(id: u32, name: &str, min: i32, max: i32) -> ControlInfo {
        ControlInfo { id, name: name.to_owned(), min, max, step: 1, settable: true }
    }

    fn webcam() -> Vec<ControlInfo> {
        vec![
            control(id::AUTO_WHITE_BALANCE, "white_balance_automatic", 0, 1),
            control(id::GAIN, "gain", 0, 100),
            control(id::WHITE_BALANCE_TEMPERATURE, "white_balance_temperature", 2800, 6500),
            control(id::EXPOSURE_AUTO, "auto_exposure", 0, 3),
            control(id::EXPOSURE_ABSOLUTE, "exposure_time_absolute", 3, 2047),
            control(id::FOCUS_ABSOLUTE, "focus_absolute", 0, 250),
            control(id::FOCUS_AUTO, "focus_automatic_continuous", 0, 1),
            ControlInfo { settable: false, ..control(0x009a_0910, "privacy", 0, 1) },
        ]
    }

    fn all() -> ControlSettings {
        ControlSettings {
            exposure: Some(100),
            gain: Some(5),
            white_balance_temperature: Some(4000),
            focus_absolute: Some(30),
            others: BTreeMap::new(),
        }
    }

    #[test]
    fn automatic_modes_are_switched_off_before_the_values() {
        let plan = Plan::new(&all(), &webcam()).unwrap();
        let steps: Vec<_> = plan.steps.iter().map(|step| (step.name.as_str(), step.value)).collect();
        let expected = [
            ("auto_exposure", 1),
            ("exposure_time_absolute", 100),
            ("gain", 5),
            ("white_balance_automatic", 0),
            ("white_balance_temperature", 4000),
            ("focus_automatic_continuous", 0),
            ("focus_absolute", 30),
        ];
        assert_eq!(steps, expected);
        assert_eq!(Plan::new(&ControlSettings::default(), &webcam()).unwrap(), Plan::default());
    }

    #[test]
    fn sensors_without_automatic_modes_have_other_controls() {
        let there = [control(id::EXPOSURE, "exposure", 1, 1600), control(id::ANALOGUE_GAIN, "analogue_gain", 0, 232)];
        let settings = ControlSettings { exposure: Some(7), gain: Some(9), ..ControlSettings::default() };
        let plan = Plan::new(&settings, &there).unwrap();
        let ids: Vec<_> = plan.steps.iter().map(|step| step.id).collect();
        assert_eq!(ids, [id::EXPOSURE, id::ANALOGUE_GAIN]);
    }

    #[test]
    fn an_unknown_control_is_named_with_those_there_are() {
        let others = BTreeMap::from([("gaim".to_owned(), 1)]);
        let settings = ControlSettings { others, ..ControlSettings::default() };
        let error = Plan::new(&settings, &webcam()[..2]).unwrap_err().to_string();
        assert_eq!(error, "the camera has no control gaim; it has white_balance_automatic, gain");
        // What cannot be set is not there.
        let others = BTreeMap::from([("privacy".to_owned(), 1)]);
        let settings = ControlSettings { others, ..ControlSettings::default() };
        assert!(matches!(Plan::new(&settings, &webcam()), Err(DeviceError::UnknownControl { .. })));
        let settings = ControlSettings { exposure: Some(1), ..ControlSettings::default() };
        let error = Plan::new(&settings, &[]).unwrap_err().to_string();
        assert_eq!(error, "the camera has no control exposure; it has none");
    }

    #[test]
    fn a_value_out_of_range_is_refused() {
        for (asked, fits) in [(2, false), (3, true), (2047, true), (2048, false)] {
            let settings = ControlSettings { exposure: Some(asked), ..ControlSettings::default() };
            match Plan::new(&settings, &webcam()) {
                Ok(_) => assert!(fits),
                Err(DeviceError::ControlRange { min: 3, max: 2047, .. }) => assert!(!fits),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn what_was_set_is_read_back() {
        let mut device = FakeDevice::new(Size::new(8, 4));
        device.state().controls = webcam().into_iter().map(|info| (info, 0)).collect();
        let there = list(&mut device).unwrap();
        assert_eq!(there.len(), 8);
        let plan = Plan::new(&all(), &there).unwrap();
        plan.establish(&mut device).unwrap();
        assert_eq!(device.state().value("exposure_time_absolute"), 100);
        // This camera takes exposures in steps of 8 only.
        device.state().coarse = Some((id::EXPOSURE_ABSOLUTE, 8));
        let error = plan.establish(&mut device).unwrap_err();
        assert!(matches!(error, DeviceError::ControlDiffers { asked: 100, found: 96, .. }), "{error}");
    }
}
