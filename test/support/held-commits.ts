import type { TcpProxy } from './tcp-proxy.js'

/** What the statement of a staged piece has and no other: it raises the ledger. */
const COMMIT = 'insert into "public"."retake_ledger"'
/** The last message of an extended query: with it, the server has all that it needs. */
const SYNC = Buffer.from([0x53, 0, 0, 0, 4])

/** Keeps each commit of an exactly-once sink, and what its connection says after it, until the way to the server is released. */
export function holdCommits(proxy: TcpProxy): void {
  proxy.holdFrom('toServer', COMMIT)
}

/** Commits that are kept back whole: the process that sent them may stop, and PostgreSQL can still run them. */
export function heldCommits(proxy: TcpProxy): number {
  return proxy.held('toServer').filter((bytes) => bytes.subarray(-SYNC.length).equals(SYNC)).length
}
