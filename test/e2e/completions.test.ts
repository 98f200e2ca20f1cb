/** TAB in the real shells, and the man page in the real viewers. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { addressToFileName } from "../../src/accounts/address.ts";
import { ARTEFACT, Home, succeeded } from "./harness.ts";
import { withPrograms } from "./programs.ts";
import { typed, type TypingShell } from "./typing.ts";

/** Would run commands in every place where a shell expands something. */
const HOSTILE = "o'b\"r$(touch${IFS}pwned)`touch${IFS}pwned`;touch${IFS}pwned&#!|*@example.com".toLowerCase();

let home: Home;
let path: string;
beforeEach(() => {
  home = new Home();
  const bin = join(home.folder, "bin");
  mkdirSync(bin);
  symlinkSync(ARTEFACT, join(bin, "mailkey"));
  path = `${bin}:${home.environment()["PATH"]}`;
  home.env["PATH"] = path;
});
afterEach(() => {
  expect(existsSync(join(home.folder, "pwned"))).toBe(false);
  home.dispose();
});

function accounts(...addresses: readonly string[]): void {
  const folder = join(home.folder, ".config/mailkey/accounts");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const address of addresses) writeFileSync(join(folder, `${addressToFileName(address)}.toml`), "");
}

/** The words that a shell would hand to the program. */
function wordsOf(line: string): string[] {
  const { stdout } = spawnSync("bash", ["-c", `for word in ${line}; do printf '%s\\n' "$word"; done`], {
    encoding: "utf8",
    cwd: home.folder,
  });
  return stdout.split("\n").slice(0, -1);
}

const SHELLS: readonly { shell: TypingShell; setUp: () => string }[] = [
  { shell: "bash", setUp: () => "source <(mailkey completions bash)\n" },
  { shell: "zsh", setUp: () => "autoload -Uz compinit && compinit -u -D\nsource <(mailkey completions zsh)\n" },
];

for (const { shell, setUp } of SHELLS) {
  withPrograms(["zsh"])(`TAB in ${shell}`, () => {
    const tab = (keys: string) => typed(shell, setUp(), keys, home);

    test("completes commands, flags and the values of flags", async () => {
      expect(await tab("mailkey tok\t")).toBe("mailkey token ");
      expect(await tab("mailkey token --res\t")).toBe("mailkey token --resource ");
      expect(await tab("mailkey token --format js\t")).toBe("mailkey token --format json ");
      expect(await tab("mailkey token --format=js\t")).toMatch(/^mailkey token --format=json ?$/);
      expect(await tab("mailkey vault move key\t")).toBe("mailkey vault move keyring ");
      expect(await tab("mailkey help expl\t")).toBe("mailkey help explain ");
    });

    test("completes accounts, also from behind the @", async () => {
      accounts("alice@hotmail.com", "bob@example.org");
      expect(await tab("mailkey token al\t")).toBe("mailkey token alice@hotmail.com ");
      expect(await tab("mailkey token bob@ex\t")).toBe("mailkey token bob@example.org ");
      expect(await tab("mailkey token bob@\t")).toBe("mailkey token bob@example.org ");
      expect(await tab("mailkey explain --account al\t")).toBe("mailkey explain --account alice@hotmail.com ");
    });

    test("completes mail programs, checks and providers", async () => {
      expect(await tab("mailkey setup neom\t")).toBe("mailkey setup neomutt ");
      expect(await tab("mailkey doctor --only file-m\t")).toBe("mailkey doctor --only file-modes ");
      expect(await tab("mailkey providers sez\t")).toBe("mailkey providers seznam ");
    });

    test("completes names of files where a file is wanted", async () => {
      writeFileSync(join(home.folder, "secret.txt"), "");
      expect(await tab("mailkey add x --client-secret-file sec\t")).toBe(
        "mailkey add x --client-secret-file secret.txt ",
      );
    });

    test("makes one quoted word of an address with everything in it, and runs none of it", async () => {
      accounts(HOSTILE);
      const line = await tab("mailkey token o\t");
      expect(wordsOf(line)).toEqual(["mailkey", "token", HOSTILE]);
    });

    test("runs nothing of a list of such addresses either", async () => {
      accounts(HOSTILE, "o$(touch${ifs}pwned)@example.org", "`touch${ifs}pwned`@example.org");
      expect(await tab("mailkey token \t\t")).toStartWith("mailkey token ");
      expect(await tab("mailkey token o\t\t")).toStartWith("mailkey token o");
    });

    test("adds nothing where nothing fits", async () => {
      expect(await tab("mailkey token --nonsense\t")).toBe("mailkey token --nonsense");
      expect(await tab("mailkey nonsense x\t")).toBe("mailkey nonsense x");
    });
  });
}

withPrograms(["zsh"])("an open quotation in bash", () => {
  test.each([
    ["mailkey token 'o\t", "o'brien@example.com"],
    ['mailkey token "o\t', "o'brien@example.com"],
    ["mailkey token 'x\t", 'x"$(touch${ifs}pwned)@example.com'],
    ['mailkey token "x\t', 'x"$(touch${ifs}pwned)@example.com'],
    ["mailkey token o\\'b\t", "o'brien@example.com"],
  ])("%p is closed around %p", async (keys, address) => {
    accounts("o'brien@example.com", 'x"$(touch${ifs}pwned)@example.com');
    expect(wordsOf(await typed("bash", SHELLS[0]?.setUp() ?? "", keys, home))).toEqual(["mailkey", "token", address]);
  });
});

withPrograms(["fish"])("TAB in fish", () => {
  const fish = async (line: string) => {
    const script = `mailkey completions fish | source; complete -C ${JSON.stringify(line).replaceAll("$", "\\$")}`;
    const { stdout } = succeeded(await home.program("fish", ["--no-config", "-c", script]));
    return stdout.split("\n").slice(0, -1);
  };

  test("completes commands with what they do, flags and values", async () => {
    expect(await fish("mailkey tok")).toEqual(["token\tprint a valid access token, renewing it when needed"]);
    expect(await fish("mailkey token --res")).toEqual([
      "--resource\twhose token: outlook (default) or graph at Microsoft",
    ]);
    expect(await fish("mailkey token --format js")).toEqual(["json"]);
    expect(await fish("mailkey token --format=js")).toEqual(["--format=json"]);
    expect(await fish("mailkey setup neom")).toEqual(["neomutt"]);
    expect(await fish("mailkey nonsense x")).toEqual([]);
  });

  test("completes accounts with anything in them, and runs none of it", async () => {
    accounts(HOSTILE, "alice@hotmail.com");
    expect(await fish("mailkey token al")).toEqual(["alice@hotmail.com"]);
    expect((await fish("mailkey token ")).toSorted()).toEqual(["alice@hotmail.com", HOSTILE].toSorted());
  });

  test("completes names of files where a file is wanted", async () => {
    writeFileSync(join(home.folder, "secret.txt"), "");
    expect((await fish("mailkey add x --client-secret-file sec")).map((line) => line.split("\t")[0])).toEqual([
      "secret.txt",
    ]);
  });
});

describe("mailkey completions install", () => {
  const install = (...words: string[]) => home.mailkey(["completions", "install", ...words]);
  const files = () =>
    (readdirSync(home.folder, { recursive: true }) as string[])
      .filter((name) => statSync(join(home.folder, name)).isFile())
      .toSorted();

  test("says where it put what, changes nothing the second time, and takes all of it away", async () => {
    const before = files();
    const first = succeeded(await install("bash", "zsh", "fish"));
    const places = ["bash-completion/completions/mailkey", "zsh/site-functions/_mailkey", "man/man1/mailkey.1"].map(
      (name) => `.local/share/${name}`,
    );
    for (const place of [...places, ".config/fish/completions/mailkey.fish"]) {
      expect(first.stdout).toContain(join(home.folder, place));
      expect(statSync(join(home.folder, place)).mode & 0o777).toBe(0o644);
    }
    const again = succeeded(await install("bash", "zsh", "fish"));
    expect(again.stdout.match(/\(as it was\)/g)).toHaveLength(4);
    succeeded(await install("--remove", "bash", "zsh", "fish"));
    expect(files()).toEqual(before);
    expect(succeeded(await install("--remove")).stdout).toContain("nothing to remove");
  });

  test("keeps to the XDG folders", async () => {
    home.env["XDG_DATA_HOME"] = join(home.folder, "data");
    home.env["XDG_CONFIG_HOME"] = join(home.folder, "config");
    succeeded(await install("bash", "fish"));
    expect(files()).toContain("data/bash-completion/completions/mailkey");
    expect(files()).toContain("data/man/man1/mailkey.1");
    expect(files()).toContain("config/fish/completions/mailkey.fish");
  });

  test("leaves a file of the user's own alone", async () => {
    const own = join(home.folder, ".config/fish/completions/mailkey.fish");
    mkdirSync(dirname(own), { recursive: true });
    writeFileSync(own, "# mine\n");
    for (const words of [["fish"], ["fish", "--remove"]]) {
      const result = await install(...words);
      expect(result.status).toBe(78);
      expect(result.stderr).toContain("is not mailkey's own");
    }
    expect(readFileSync(own, "utf8")).toBe("# mine\n");
  });

  test("without a name serves the shells that are installed", async () => {
    home.env["PATH"] = join(home.folder, "shells");
    mkdirSync(home.env["PATH"]);
    writeFileSync(join(home.env["PATH"], "fish"), "#!/bin/sh\n");
    chmodSync(join(home.env["PATH"], "fish"), 0o755);

    const result = await home.program(process.execPath, [
      join(import.meta.dir, "../../src/main.ts"),
      "completions",
      "install",
    ]);
    expect(succeeded(result).stdout).toMatch(/^fish .*\nman .*\n$/);
  });

  withPrograms(["zsh", "fish", "bash-completion"])("afterwards, new shells", () => {
    beforeEach(async () => {
      accounts("alice@hotmail.com");
      succeeded(await install("bash", "zsh", "fish"));
    });

    test("complete in bash by way of bash-completion", async () => {
      const setUp = "source /usr/share/bash-completion/bash_completion\n";
      expect(await typed("bash", setUp, "mailkey token al\t", home)).toBe("mailkey token alice@hotmail.com ");
    });

    test("complete in zsh with the line that was named", async () => {
      const told = succeeded(await install("zsh")).stdout.match(/fpath=\(.*\)/)?.[0] ?? "";
      const setUp = `${told}\nautoload -Uz compinit && compinit -u -D\n`;
      expect(await typed("zsh", setUp, "mailkey token al\t", home)).toBe("mailkey token alice@hotmail.com ");
    });

    test("complete in fish", async () => {
      const { stdout } = succeeded(await home.program("fish", ["-c", "complete -C 'mailkey token al'"]));
      expect(stdout).toBe("alice@hotmail.com\n");
    });
  });
});

withPrograms(["man", "mandoc"])("the man page", () => {
  test("is built with the program, and is the program's own", async () => {
    const dist = join(dirname(ARTEFACT), ARTEFACT.endsWith(join("node", "mailkey")) ? ".." : ".");
    const printed = async (what: string) => succeeded(await home.mailkey(["completions", what])).stdout;
    expect(readFileSync(join(dist, "mailkey.1"), "utf8")).toBe(await printed("man"));
    expect(readFileSync(join(dist, "completions/mailkey.bash"), "utf8")).toBe(await printed("bash"));
    expect(readFileSync(join(dist, "completions/_mailkey"), "utf8")).toBe(await printed("zsh"));
    expect(readFileSync(join(dist, "completions/mailkey.fish"), "utf8")).toBe(await printed("fish"));
  });

  test("is shown by man and mandoc without a warning", async () => {
    succeeded(await home.mailkey(["completions", "install", "bash"]));
    const page = join(home.folder, ".local/share/man/man1/mailkey.1");
    const shown = succeeded(
      await home.program("man", ["--warnings", "-l", page], { env: { MANWIDTH: "80", LC_ALL: "C.UTF-8" } }),
    );
    expect(shown.stderr).toBe("");
    const linted = await home.program("mandoc", ["-T", "lint", page]);
    expect(linted.stdout + linted.stderr).toBe("");
    for (const heading of [
      "NAME",
      "SYNOPSIS",
      "DESCRIPTION",
      "COMMANDS",
      "FILES",
      "ENVIRONMENT",
      "EXIT STATUS",
      "EXAMPLES",
      "SEE ALSO",
    ])
      expect(shown.stdout).toContain(`\n${heading}\n`);
    expect(shown.stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });
});
