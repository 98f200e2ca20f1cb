/** Every check, in the order in which findings are shown: files, vault, network, provider, token, mail servers, mail programs. */
import type { Check } from "./check.ts";

export const CHECKS: readonly Check[] = [];
