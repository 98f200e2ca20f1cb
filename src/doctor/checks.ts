/** Every check, in the order in which findings are shown. */
import type { Check } from "./check.ts";
import { fileModes } from "./checks/file-modes.ts";

export interface CheckGroup {
  readonly title: string;
  readonly checks: readonly Check[];
}

export const CHECK_GROUPS: readonly CheckGroup[] = [
  {
    title: "Files",
    checks: [fileModes],
  },
  { title: "Vault", checks: [] },
  { title: "Environment", checks: [] },
  { title: "Network", checks: [] },
  { title: "Provider and token", checks: [] },
  { title: "Mail servers", checks: [] },
  { title: "Mail programs", checks: [] },
];

export const CHECKS: readonly Check[] = CHECK_GROUPS.flatMap(({ checks }) => checks);
