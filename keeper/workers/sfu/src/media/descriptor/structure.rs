//! What a stream's frames are made after.

use super::Indication;
use super::bits::Reader;

/// As many as the numbers on the wire can tell apart.
const TEMPLATES_MAX: usize = 64;
/// Spatial and temporal layers that the specification has.
const SPATIAL_MAX: u8 = 4;
const TEMPORAL_MAX: u8 = 8;

/// A spatial and a temporal layer, both from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::media) struct Point {
    /// How sharp.
    pub spatial: u8,
    /// How smooth.
    pub temporal: u8,
}

impl Point {
    /// Everything that there is.
    pub const ALL: Self = Self { spatial: u8::MAX, temporal: u8::MAX };

    /// Whether another is no more than this, either way.
    pub const fn holds(self, other: Self) -> bool {
        other.spatial <= self.spatial && other.temporal <= self.temporal
    }
}

/// What frames have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::media) struct Template {
    /// The frame's layers.
    pub point: Point,
    /// What it is to each decode target.
    pub indications: Vec<Indication>,
    /// How many frames back each frame is that it needs.
    pub differences: Vec<u16>,
}

/// A stream's templates and decode targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::media) struct Structure {
    first_template_id: u32,
    templates: Vec<Template>,
    targets: Vec<Point>,
    chains: usize,
}

impl Structure {
    /// Reads `template_dependency_structure()`.
    pub(super) fn read(bits: &mut Reader<'_>) -> Option<Self> {
        let first_template_id = bits.bits(6)?;
        let target_count = bits.bits(5)? as usize + 1;
        let mut templates = layers(bits)?;
        for template in &mut templates {
            for _ in 0..target_count {
                template.indications.push(Indication::of_bits(bits.bits(2)?));
            }
        }
        for template in &mut templates {
            while bits.flag()? {
                template.differences.push(bits.bits(4)? as u16 + 1);
            }
        }
        let chains = bits.below(target_count as u32 + 1)? as usize;
        if chains > 0 {
            // By which chain each target is protected, and for each template how far back each
            // chain's last frame is: receivers tell by them that they have missed something.
            for _ in 0..target_count {
                bits.below(chains as u32)?;
            }
            for _ in 0..templates.len() * chains {
                bits.bits(4)?;
            }
        }
        let targets = (0..target_count).map(|target| point_of(&templates, target)).collect();
        if bits.flag()? {
            let spatial = templates.iter().map(|template| template.point.spatial).max()?;
            for _ in 0..=spatial {
                bits.bits(32)?;
            }
        }
        Some(Self { first_template_id, templates, targets, chains })
    }

    /// How many decode targets there are.
    pub const fn targets(&self) -> usize {
        self.targets.len()
    }

    /// How many chains there are.
    pub(super) const fn chains(&self) -> usize {
        self.chains
    }

    /// A bit for each decode target.
    pub fn all_targets(&self) -> u32 {
        u32::MAX >> (u32::BITS as usize - self.targets.len())
    }

    /// The decode targets that are no more than a point, a bit each.
    pub fn within(&self, point: Point) -> u32 {
        let held = self.targets.iter().enumerate().filter(|(_, target)| point.holds(**target));
        held.fold(0, |mask, (target, _)| mask | 1 << target)
    }

    /// What a decode target is.
    pub fn target(&self, target: usize) -> Point {
        self.targets.get(target).copied().unwrap_or_default()
    }

    /// The best of the active decode targets that is no more than `wanted`, or, if there is none,
    /// the least.
    pub fn best(&self, wanted: Point, active: u32) -> Option<usize> {
        let served = || (0..self.targets.len()).filter(|target| active & 1 << target != 0);
        served()
            .filter(|target| wanted.holds(self.targets[*target]))
            .max_by_key(|target| self.targets[*target])
            .or_else(|| served().min_by_key(|target| self.targets[*target]))
    }

    /// The best decode target of each spatial layer, lowest first.
    pub fn best_of_layers(&self, active: u32) -> impl Iterator<Item = usize> {
        let layers = 0..=self.targets.iter().map(|target| target.spatial).max().unwrap_or(0);
        layers.filter_map(move |spatial| {
            let best = self.best(Point { spatial, temporal: u8::MAX }, active)?;
            (self.targets[best].spatial == spatial).then_some(best)
        })
    }

    /// Which template an id on the wire means.
    pub(super) fn template_at(&self, id: u32) -> Option<usize> {
        let at = ((id + 64 - self.first_template_id) % 64) as usize;
        (at < self.templates.len()).then_some(at)
    }

    /// A template.
    pub(super) fn template(&self, at: usize) -> &Template {
        &self.templates[at]
    }
}

/// Reads `template_layers()`.
fn layers(bits: &mut Reader<'_>) -> Option<Vec<Template>> {
    let mut templates = Vec::new();
    let mut point = Point::default();
    loop {
        if templates.len() == TEMPLATES_MAX {
            return None;
        }
        templates.push(Template { point, indications: Vec::new(), differences: Vec::new() });
        match bits.bits(2)? {
            0 => {}
            1 => point.temporal += 1,
            2 => point = Point { spatial: point.spatial + 1, temporal: 0 },
            _ => return Some(templates),
        }
        if point.spatial >= SPATIAL_MAX || point.temporal >= TEMPORAL_MAX {
            return None;
        }
    }
}

/// The layers of a decode target: the highest of the frames that are part of it.
fn point_of(templates: &[Template], target: usize) -> Point {
    let present = templates.iter().filter(|template| {
        template.indications.get(target).is_some_and(|each| *each != Indication::NotPresent)
    });
    present.fold(Point::default(), |highest, template| Point {
        spatial: highest.spatial.max(template.point.spatial),
        temporal: highest.temporal.max(template.point.temporal),
    })
}
