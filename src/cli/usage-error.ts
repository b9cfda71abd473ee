/** The command line is wrong: told in one line, with what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** The next thing to type. */
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}
