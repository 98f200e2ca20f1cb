/** Every codec that reads what strangers send. */
import type { FuzzTarget } from "./fuzz.ts";
import { IMAP_TARGETS } from "./imap.ts";

export const FUZZ_TARGETS: readonly FuzzTarget[] = [...IMAP_TARGETS];
