/** The keyring of the operating system: reachable, unlocked, with mailkey's key in it. */
import type { MachineCheck } from "../check.ts";
import { installLines, loginLines } from "../remedies.ts";
import { vaultFailure } from "../vault-failure.ts";

interface Way {
  /** Of Debian's, when something is missing. */
  readonly debianPackage?: string;
  readonly remedy: readonly string[];
  readonly advice?: string;
}

const ELSEWHERE = "Credentials that work without a session: mailkey vault move age, typed where the keyring is open.";

/** By `details.reason` of what `vault/keyring/` throws. */
const WAYS: Readonly<Record<string, Way>> = {
  program_missing: {
    debianPackage: "libsecret-tools",
    remedy: [],
    advice: "Elsewhere than on Debian and Ubuntu the package is called libsecret.",
  },
  no_bus: { remedy: [], advice: `Log in to the desktop and type mailkey doctor in a terminal there. ${ELSEWHERE}` },
  no_service: {
    debianPackage: "gnome-keyring",
    remedy: [],
    advice: "It needs GNOME Keyring, KWallet or KeePassXC. When one is installed, log in anew.",
  },
  no_collection: {
    remedy: ["seahorse"],
    advice: "Make a keyring there and set it as the default; KDE: kwalletmanager5.",
  },
  locked: {
    remedy: ["mailkey vault"],
    advice: `Type it in a terminal of the desktop: it asks to unlock the keyring. ${ELSEWHERE}`,
  },
  timeout: { remedy: ["mailkey vault"], advice: `Answer the question that the desktop shows. ${ELSEWHERE}` },
};

export const keyring: MachineCheck = {
  id: "keyring",
  title: "the keyring: reachable, unlocked, with mailkey's key",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "keyring");
    if (failure === undefined) return [];
    const lost: Way = {
      remedy: ["mailkey vault init keyring --leave-behind", ...loginLines(machine)],
      advice: "If you have a backup of the keyring, restore that instead. Otherwise everybody signs in again.",
    };
    const found = failure.reason === "no_key" ? lost : (WAYS[failure.reason] ?? { remedy: ["mailkey vault"] });
    const { debianPackage, ...way } = found;
    const installing = debianPackage === undefined ? {} : { remedy: await installLines(machine, debianPackage) };
    const means = "The credentials cannot be decrypted: mail programs get no token.";
    return [{ severity: "error", seen: failure.error.message, means, ...way, ...installing }];
  },
};
