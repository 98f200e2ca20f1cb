/** Resources besides the default one that the account asks for, and that nobody granted. */
import { isMailkeyError } from "../../errors.ts";
import type { AccountCheck, AccountSubject, Finding } from "../check.ts";
import { editLender, mailkeyLine } from "../remedies.ts";

export const resourceGranted: AccountCheck = {
  of: "credential",
  id: "resource-granted",
  title: "tokens for other resources",
  worst: "error",
  async examine(subject) {
    const credential = await subject.credential();
    if (credential === undefined || (await subject.token()) === undefined) return [];
    const [first] = subject.account.provider.resources;
    const asked = new Set([
      ...Object.keys(subject.account.account.scopes ?? {}),
      ...Object.keys(credential.accessTokens),
    ]);
    const others = subject.account.provider.resources.filter(({ name }) => name !== first.name && asked.has(name));
    const findings: Finding[] = [];
    // One after the other: each takes the account's lock.
    for (const { name } of others) findings.push(...(await examineResource(subject, name)));
    return findings;
  },
};

async function examineResource(subject: AccountSubject, resource: string): Promise<Finding[]> {
  const { account } = subject;
  try {
    await subject.getToken({ resource });
    return [];
  } catch (error) {
    if (!isMailkeyError(error, "ERR_CLIENT_REJECTED") && !isMailkeyError(error, "ERR_SIGN_IN_AGAIN")) return [];
    return [
      {
        severity: "error",
        seen: `tokens of ${account.credential} for ${resource} are refused: ${error.message}`,
        means: `Tokens for mail work. Whatever uses mailkey token --resource ${resource} does not.`,
        remedy: [
          account.grant === "sign_in"
            ? mailkeyLine("login", account.credential, `--resource=${resource}`)
            : editLender(subject),
        ],
        advice: "The client may not be registered for it, or an administrator has to consent.",
      },
    ];
  }
}
