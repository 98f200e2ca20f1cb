/**
 * How long a mail program waits for a cached token: mailkey with each vault, as executable and on Node, beside mutt_oauth2.py
 * with gpg, all in one run. The last column is the ratio to the script.
 *
 *   npm run bench [-- ROUNDS]
 */
import { privateSession } from "../lab/secret-service.ts";
import { ADDRESS, EXECUTABLE, Homes, ON_NODE } from "./homes.ts";
import { measure, timingTable, type Contender } from "./measure.ts";

const rounds = Number(process.argv[2] ?? 40);
const session = privateSession();
let homes: Homes | undefined;

try {
  await session.start();
  const { DBUS_SESSION_BUS_ADDRESS } = session.env();
  homes = new Homes({ DBUS_SESSION_BUS_ADDRESS });
  const vaults = {
    gpg: await homes.create("gpg", ["init", "gpg", "--no-passphrase"]),
    age: await homes.create("age", ["init", "age"]),
    keyring: await homes.create("keyring", ["init", "keyring"]),
    command: await homes.create("command", ["use", "command", "--encrypt", "base64", "--decrypt", "base64 -d"]),
  };
  const contenders: Contender[] = [{ name: "/bin/true", command: ["/bin/true"] }];
  for (const [vault, env] of Object.entries(vaults)) {
    contenders.push({ name: `mailkey token, ${vault} vault`, command: [EXECUTABLE, "token", ADDRESS], env });
  }
  contenders.push({
    name: "mailkey token, age vault, on Node",
    command: [...ON_NODE, "token", ADDRESS],
    env: vaults.age,
  });
  const script = homes.muttScript();
  if (script !== undefined) contenders.push(script);
  process.stdout.write(timingTable(measure(contenders, rounds), script?.name));
  process.stdout.write(
    "(gpg is answered by an agent that holds the key; the commands are base64, the least a command vault can cost)\n",
  );
} finally {
  homes?.dispose();
  await session.stop();
}
