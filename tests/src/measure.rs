//! Compute units and bytes of every instruction.
