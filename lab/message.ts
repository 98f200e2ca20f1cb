/** A message that a mail program is told to send. */
export interface OutgoingMessage {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}
