import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../../src/platform/process.ts";
import { commandCipher } from "../../src/vault/command.ts";
import { cleanEnv, CREDENTIAL, failureOf, maySkip, shortFolder } from "./support.ts";

describe("the command vault", () => {
  const folder = shortFolder();
  const env = cleanEnv(folder.path);
  afterAll(() => folder.dispose());
  const cipherOf = (encrypt: string, decrypt: string) => commandCipher({ encrypt, decrypt }, env);

  test("pipes through both commands, quoting being the user's", async () => {
    const cipher = cipherOf(`base64 | tr 'a z' 'z a'`, `tr 'a z' 'z a' | base64 -d`);
    const ciphertext = await cipher.encrypt(CREDENTIAL);
    expect(await cipher.decrypt(ciphertext)).toEqual(Buffer.from(CREDENTIAL));
  });

  test.skipIf(maySkip("age", "age-keygen"))("works with age and a recipient", async () => {
    const key = join(folder.path, "key.txt");
    const { stderr } = await run("age-keygen", ["-o", key]);
    const recipient = stderr.match(/age1\w+/)?.[0] ?? "";
    const cipher = cipherOf(`age -r ${recipient}`, `age -d -i '${key}'`);
    expect(await cipher.decrypt(await cipher.encrypt(CREDENTIAL))).toEqual(Buffer.from(CREDENTIAL));
  });

  test("shows what a failing command says on stderr, without control characters", async () => {
    const error = await failureOf(cipherOf(`printf '\\033[31mno key\\007\\n' >&2; exit 3`, "true").encrypt(CREDENTIAL));
    expect([error.code, error.message]).toEqual([
      "ERR_VAULT_UNUSABLE",
      "the vault's encrypt command failed with status 3: [31mno key",
    ]);
  });

  test("never shows what went through the pipe, even when the command repeats it on stderr", async () => {
    const cipher = cipherOf("cat >&2; exit 1", `cat; cat >&2 <<EOF\n$0\nEOF\nexit 1`);
    const error = await failureOf(cipher.encrypt(CREDENTIAL));
    expect(error.message).toContain("[redacted]");
    expect(error.message).not.toContain("BAY");
    const back = await failureOf(cipherOf("true", "cat; exit 1").decrypt(CREDENTIAL));
    expect(back.message).not.toContain("BAY");
  });

  test("names a command that does not exist", async () => {
    const error = await failureOf(cipherOf("nonexistent-program", "true").encrypt(CREDENTIAL));
    expect([error.code, error.hint]).toEqual(["ERR_VAULT_UNUSABLE", expect.stringContaining("full path")]);
  });

  test("refuses an encrypt command that prints nothing, or the credential as it is", async () => {
    expect((await failureOf(cipherOf("cat >/dev/null", "cat").encrypt(CREDENTIAL))).message).toContain(
      "printed nothing",
    );
    expect((await failureOf(cipherOf("echo x; cat", "cat").encrypt(CREDENTIAL))).message).toContain("as it is");
  });

  test("refuses an empty answer of the decrypt command", async () => {
    expect((await failureOf(cipherOf("cat", "cat >/dev/null").decrypt(CREDENTIAL))).message).toContain(
      "printed nothing",
    );
  });

  test("says when the command was killed", async () => {
    expect((await failureOf(cipherOf("cat", "kill -9 $$").decrypt(CREDENTIAL))).message).toContain("SIGKILL");
  });
});
