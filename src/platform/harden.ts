/**
 * What a process that holds secrets for long does to itself: its memory is not written to disk by a crash, not read by other
 * processes of the same user, and takes no new code. The programs it starts inherit the first only.
 *
 * systemd's MemoryDenyWriteExecute would forbid the JIT, and with it bun:ffi; forbidden from within, later, it hurts neither.
 */
import type { Libc } from "./libc.ts";

export interface Protection {
  /** What it gives, for people. */
  readonly text: string;
  /** Whether this machine gave it. */
  readonly isOn: boolean;
}

/** @see prctl(2), linux/prctl.h */
const PR_SET_DUMPABLE = 4;
const PR_SET_MDWE = 65;
/** PR_MDWE_REFUSE_EXEC_GAIN, PR_MDWE_NO_INHERIT: Linux 6.6. */
const MDWE_FLAGS = 0b11;
const RLIMIT_CORE = 4;

/** To be called when everything native has been opened: `openLibc` included. */
export function hardenProcess(libc: Libc | undefined): Protection[] {
  return [
    { text: "other programs cannot read its memory", isOn: libc?.prctl(PR_SET_DUMPABLE, 0) === 0 },
    { text: "a crash writes no memory to disk", isOn: libc?.setrlimit(RLIMIT_CORE, 0) === 0 },
    { text: "no code can be added to it", isOn: libc?.prctl(PR_SET_MDWE, MDWE_FLAGS) === 0 },
  ];
}
