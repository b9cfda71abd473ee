/** The database behind a sink: one statement at a time, each on autocommit. */
export interface DatabaseClient {
  /** Runs one statement. Throws a PostgresFault that tells what is known of it. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** For good. What is under way is given up: it fails as unanswered, and may still be carried out. */
  close(): Promise<void>
}
