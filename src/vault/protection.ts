/** What each vault protects against, and what not, in a line each. docs/vaults.md says it at length. */
import type { VaultSettings } from "./settings.ts";

export interface Protection {
  readonly against: string;
  readonly notAgainst: string;
}

const IDENTITY_FILE: Protection = {
  against: "other users of this machine, and copies of the state folder that lack the identity file",
  notAgainst: "programs that run as you, and whoever has a copy of the whole home folder or the disk",
};

const PROTECTION: Readonly<Record<VaultSettings["active"], Protection>> = {
  gpg: {
    against: "other users of this machine, and copies of the files without the secret key or its passphrase",
    notAgainst: "programs that run as you while the agent knows the passphrase, or at any time when there is none",
  },
  age: {
    against:
      "other users of this machine, copies of the files, and a stolen disk, as long as the passphrase is not on it",
    notAgainst: "programs that run as you and can get at the passphrase",
  },
  keyring: {
    against: "other users of this machine, copies of your home folder, and a stolen disk",
    notAgainst: "programs that run as you while you are logged in",
  },
  command: {
    against: "what your commands protect against",
    notAgainst: "programs that run as you and can run the same commands",
  },
};

export function protectionOf(settings: VaultSettings): Protection {
  const identityFile = settings.active === "age" && settings.age?.identity !== undefined;
  return identityFile ? IDENTITY_FILE : PROTECTION[settings.active];
}
