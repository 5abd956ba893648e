//! From a failed transaction and its logs to the error a person can act on.

use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_transaction_error::TransactionError;

use crate::Error;

/// Which program said what, read from log lines.
#[derive(Debug, Default, PartialEq, Eq)]
struct Spoken {
    program_id: Option<Pubkey>,
    name: Option<String>,
    message: Option<String>,
}

/// Builds the error of a transaction that failed with `error` and logged `logs`.
///
/// `program_at` knows the program of each top-level instruction; it decides only where the logs
/// are missing or cut off, because the failing program may be one deeper down.
pub(crate) fn error_of(
    error: TransactionError,
    logs: Vec<String>,
    program_at: impl FnOnce(usize) -> Option<Pubkey>,
) -> Error {
    let TransactionError::InstructionError(index, InstructionError::Custom(code)) = error else {
        return Error::Transaction { error, logs };
    };
    let spoken = read(&logs, code);
    match spoken.program_id.or_else(|| program_at(usize::from(index))) {
        Some(program_id) => {
            Error::Program { program_id, code, name: spoken.name, message: spoken.message, logs }
        }
        None => Error::Transaction { error, logs },
    }
}

/// The program's own error code, if the failure is one.
pub(crate) fn custom_code(error: &TransactionError) -> Option<u32> {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => Some(*code),
        _ => None,
    }
}

/// Finds the innermost program that failed with `code`, and Anchor's words about it.
///
/// The runtime logs `Program <id> failed: custom program error: 0x<code>` once per level on the
/// way out, innermost first. Anchor logs, before that, one of
/// `AnchorError occurred.`, `AnchorError thrown in <file>:<line>.`,
/// `AnchorError caused by account: <name>.`, followed by
/// ` Error Code: <name>. Error Number: <code>. Error Message: <text>.`
fn read(logs: &[String], code: u32) -> Spoken {
    let mut spoken = Spoken::default();
    let suffix = format!(" failed: custom program error: {code:#x}");
    for line in logs {
        if let Some(rest) = line.strip_prefix("Program log: AnchorError ")
            && let Some((_, rest)) = rest.split_once("Error Code: ")
            && let Some((name, rest)) = rest.split_once(". Error Number: ")
            && let Some((number, message)) = rest.split_once(". Error Message: ")
            && number.parse() == Ok(code)
        {
            spoken.name = Some(name.to_owned());
            // Anchor ends the line with a full stop of its own.
            spoken.message = Some(message.strip_suffix('.').unwrap_or(message).to_owned());
        } else if spoken.program_id.is_none()
            && let Some(rest) = line.strip_prefix("Program ")
            && let Some(id) = rest.strip_suffix(&suffix)
        {
            spoken.program_id = id.parse().ok();
        }
    }
    spoken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).collect()
    }

    fn custom(code: u32) -> TransactionError {
        TransactionError::InstructionError(1, InstructionError::Custom(code))
    }

    const OUTER: Pubkey = Pubkey::new_from_array([1; 32]);
    const INNER: Pubkey = Pubkey::new_from_array([2; 32]);

    #[test]
    fn anchor_error_of_an_inner_program_names_that_program() {
        let logs = lines(&format!(
            "Program {OUTER} invoke [1]
             Program log: Instruction: Pay
             Program {INNER} invoke [2]
             Program log: AnchorError caused by account: escrow. Error Code: EscrowTooLow. Error Number: 6004. Error Message: The escrow cannot pay this. Top it up..
             Program {INNER} consumed 12 of 200000 compute units
             Program {INNER} failed: custom program error: 0x1774
             Program {OUTER} consumed 99 of 200000 compute units
             Program {OUTER} failed: custom program error: 0x1774"
        ));
        let error = error_of(custom(6004), logs, |_| Some(OUTER));
        let text = error.to_string();
        let Error::Program { program_id, code, name, message, logs } = error else {
            panic!("{text}");
        };
        assert_eq!((program_id, code, logs.len()), (INNER, 6004, 8));
        assert_eq!(name.as_deref(), Some("EscrowTooLow"));
        assert_eq!(message.as_deref(), Some("The escrow cannot pay this. Top it up."));
        assert!(text.contains("EscrowTooLow (6004): The escrow cannot pay this"), "{text}");
    }

    #[test]
    fn every_anchor_prefix_is_understood() {
        for prefix in ["occurred.", "thrown in programs/x/src/lib.rs:12.", "caused by account: a."]
        {
            let line = format!(
                "Program log: AnchorError {prefix} Error Code: Frozen. Error Number: 6001. Error Message: It is frozen."
            );
            let spoken = read(&[line], 6001);
            assert_eq!(spoken.name.as_deref(), Some("Frozen"), "{prefix}");
            assert_eq!(spoken.message.as_deref(), Some("It is frozen"), "{prefix}");
        }
    }

    #[test]
    fn words_about_another_code_are_not_used() {
        let logs = lines(&format!(
            "Program log: AnchorError occurred. Error Code: Old. Error Number: 6001. Error Message: Old.
             Program {OUTER} failed: custom program error: 0x1"
        ));
        assert_eq!(read(&logs, 1), Spoken { program_id: Some(OUTER), ..Spoken::default() });
    }

    #[test]
    fn without_logs_the_called_program_is_named() {
        let error = error_of(custom(1), Vec::new(), |index| (index == 1).then_some(OUTER));
        assert!(matches!(&error, Error::Program { program_id: OUTER, code: 1, name: None, .. }));
        assert!(error.to_string().ends_with("error 1 (0x1)"), "{error}");
    }

    #[test]
    fn other_failures_keep_their_reason() {
        let failure = TransactionError::InstructionError(0, InstructionError::MissingAccount);
        let error = error_of(failure.clone(), lines("a\nb"), |_| Some(OUTER));
        assert!(matches!(&error, Error::Transaction { error, .. } if *error == failure));
        assert!(error.to_string().ends_with("; b"), "{error}");
    }
}
