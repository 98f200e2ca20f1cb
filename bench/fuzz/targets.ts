/** Every codec that reads what strangers send. */
import type { FuzzTarget } from "./fuzz.ts";
import { IMAP_TARGETS } from "./imap.ts";
import { POP_TARGETS } from "./pop.ts";
import { SASL_TARGETS } from "./sasl.ts";
import { SMTP_TARGETS } from "./smtp.ts";

export const FUZZ_TARGETS: readonly FuzzTarget[] = [...IMAP_TARGETS, ...POP_TARGETS, ...SMTP_TARGETS, ...SASL_TARGETS];
