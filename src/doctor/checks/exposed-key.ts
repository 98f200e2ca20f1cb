/** A vault's key or passphrase that leaves the machine by itself: in a git repository of dotfiles, or in a synchronised folder. */
import { basename, dirname, join } from "node:path";
import { homeFolder } from "../../platform/paths.ts";
import { run } from "../../platform/process.ts";
import { shellLine, shellWord } from "../../platform/shell.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import {
  foldersAbove,
  linkStatOf,
  namesIn,
  realPathOf,
  statOf,
  vaultFolders,
  vaultSecretFiles,
  vaultSettings,
  type VaultSecretFile,
} from "../files.ts";

const GIT_TIMEOUT_MS = 3000;
/** A repository can name a program that git runs before it looks at files: it may have come in somebody's archive. */
const RUN_NOTHING = ["-c", "core.fsmonitor=false"];
/** What Syncthing, Dropbox, Nextcloud and ownCloud put into the folders that they copy. */
const SYNC_MARK = /^(\.stfolder|\.dropbox\.cache|\._?sync_.*\.db)$/;
const SYNC_NAME = /^(Dropbox|OneDrive|Nextcloud|ownCloud|Google Drive|iCloud Drive|pCloudDrive)$/i;

export const exposedKey: MachineCheck = {
  id: "exposed-key",
  title: "the vault's key in git or in synchronised folders",
  worst: "warning",
  of: "machine",
  async examine(machine) {
    const files = vaultSecretFiles(machine).filter(({ path }) => statOf(path) !== undefined);
    return (await Promise.all(files.map((file) => examineFile(file, machine)))).flat();
  },
};

async function examineFile(file: VaultSecretFile, machine: Machine): Promise<Finding[]> {
  const real = realPathOf(file.path);
  const folders = foldersAbove(real);
  const repository = folders.find((folder) => linkStatOf(join(folder, ".git")) !== undefined);
  const synchronised = folders.find(
    (folder) => SYNC_NAME.test(basename(folder)) || namesIn(folder).some((name) => SYNC_MARK.test(name)),
  );
  return [
    ...(repository === undefined ? [] : await inRepository(real, repository, machine)),
    ...(synchronised === undefined ? [] : [inSyncFolder(file, real, synchronised, machine)]),
  ];
}

/** Nothing is wrong where git ignores it. */
async function inRepository(path: string, repository: string, machine: Machine): Promise<Finding[]> {
  const folder = dirname(path);
  const program = await machine.find("git");
  const git = async (...words: string[]) =>
    program !== undefined &&
    (await run(program.path, ["-C", folder, ...RUN_NOTHING, ...words], { env: machine.env, timeoutMs: GIT_TIMEOUT_MS }))
      .status === 0;
  const isTracked = await git("ls-files", "--error-unmatch", "--", basename(path));
  if (!isTracked && (await git("check-ignore", "--quiet", "--", basename(path)))) return [];
  const ignore = `echo ${shellWord(`/${basename(path)}`)} >> ${shellWord(join(folder, ".gitignore"))}`;
  return [
    {
      severity: "warning",
      seen: `${path} ${isTracked ? "is in" : "may get into"} the git repository ${repository}`,
      means: "Whoever gets a copy of the repository has the key to your credentials.",
      remedy: [
        ignore,
        ...(isTracked ? [shellLine(["git", "-C", folder, "rm", "--cached", "--quiet", basename(path)])] : []),
      ],
      ...(isTracked
        ? {
            advice: "It stays in the repository's history. If others can see that, make a new key: mailkey help vault.",
          }
        : {}),
    },
  ];
}

function inSyncFolder(file: VaultSecretFile, real: string, root: string, machine: Machine): Finding {
  const target = join(homeFolder(machine.env), ".local", "share", "mailkey", basename(real));
  const isBelow = (path: string) => realPathOf(path).startsWith(`${root}/`);
  const beside = vaultFolders(machine).some(isBelow) ? ", and the credentials with it" : "";
  const base = {
    severity: "warning",
    seen: `${real} is in ${root}, which is copied to other places`,
    means: `Whoever can read the copies has the key to your credentials${beside}.`,
  } as const;
  if (isBelow(target) || vaultSettings(machine)?.active !== file.kind) {
    return { ...base, remedy: [], advice: `Keep ${real} out of what is copied.` };
  }
  return {
    ...base,
    remedy: [
      shellLine(["mkdir", "-p", "-m", "700", dirname(target)]),
      shellLine(["mv", real, target]),
      shellLine(["mailkey", "vault", "use", file.kind, file.flag, target]),
    ],
  };
}
