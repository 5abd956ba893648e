//! The program against an embedded cluster: every command as a person would type it.

mod bonds;
mod cases;
mod cluster;
mod delegation;
mod governance;
mod keepers;
mod quality;
mod settlement;
