import {
  applyPiece,
  createBookkeeping,
  createTable,
  FIND_TABLE,
  fenceOf,
  ledgerOf,
  raiseFence,
  readFence,
  readLedger,
  writeRows,
} from '#src/connector/postgres/postgres-statements.js'
import { type Random, randomInteger } from '#src/kit/random.js'

/**
 * Statements as the sink sends them, and a few of whoever made its tables: what a server, real or simulated, must
 * answer alike.
 */
export type Step = readonly [name: string, text: string, values?: readonly unknown[] | undefined]

export const log = { schema: 'public', table: 'click_log' }
export const counts = { schema: 'public', table: 'click_counts' }
export const seen = { schema: 'public', table: 'Seen "users"' }
export const strict = { schema: 'public', table: 'strict' }
const nowhere = { schema: 'public', table: 'nowhere' }

const user = { name: 'user_id', type: 'text' } as const
const clicks = { name: 'clicks', type: 'bigint' } as const
const rate = { name: 'rate', type: 'double precision' } as const
const level = { name: 'level', type: 'integer' } as const

const logShape = { columns: [user], key: [] }
const countsShape = { columns: [user, clicks, rate, level], key: ['user_id'] }
const seenShape = { columns: [level, user], key: ['user_id', 'level'] }
const strictShape = { columns: [user, clicks], key: [] }

const BOOKKEEPING_IS_THERE = 'select to_regclass($1) is not null and to_regclass($2) is not null as all'
const BOOKS = [fenceOf(log), ledgerOf(log)]
const ODD_TEXTS = '{"","NULL","a\\"b","\\\\","{x,y}"," é\n",NULL,"\'"}'

/** How four tables come to be. */
const SETUP: readonly Step[] = [
  ['a table that is not there', FIND_TABLE, ['public', 'click_log']],
  ['no bookkeeping', BOOKKEEPING_IS_THERE, BOOKS],
  ['a piece before any bookkeeping', applyPiece(log, logShape), [...piece(2, 1, 0), '{ann}']],
  ['bookkeeping', createBookkeeping(log)],
  ['bookkeeping again', createBookkeeping(log)],
  ['bookkeeping is there', BOOKKEEPING_IS_THERE, BOOKS],
  ['a log', 'create table click_log (id bigserial, user_id text)'],
  ['a log again', 'create table click_log (id bigserial, user_id text)'],
  ['counts', createTable(counts, countsShape)],
  ['counts again', createTable(counts, countsShape)],
  ['users', createTable(seen, seenShape)],
  ['a strict table', 'create table strict (user_id text primary key, clicks bigint not null)'],
]

/** What a sink may meet, one thing after the other. */
const DEEDS: readonly Step[] = [
  ['a plan of rows', `explain ${writeRows(nowhere, logShape)}`, ['', '', 0, '{}']],
  [
    'a plan without its key',
    `explain ${writeRows(log, { ...logShape, key: ['user_id'] })}`,
    ['', '', 0, '{}'],
  ],
  ['a plan with another column', `explain ${writeRows(log, strictShape)}`, ['', '', 0, '{}', '{}']],

  ['no fence', readFence(log), ['run1', 'sink']],
  ['a piece without a fence', applyPiece(log, logShape), [...piece(2, 1, 0), '{ann}']],
  ['a raise', raiseFence(log), ['run1', 'sink', '2']],
  ['a raise of another sink', raiseFence(log), ['run1', 'other', 1]],
  ['a raise for good', raiseFence(log), ['run0', 'sink', '9223372036854775807']],
  ['a raise of an earlier attempt', raiseFence(log), ['run1', 'sink', 1]],
  ['the fence', readFence(log), ['run1', 'sink']],
  ['the fence for good', readFence(log), ['run0', 'sink']],

  ['a piece', applyPiece(log, logShape), [...piece(2, 1, 0), '{ann,bob}']],
  ['the piece again', applyPiece(log, logShape), [...piece(2, 1, 0), '{ann,bob}']],
  ['the next piece', applyPiece(log, logShape), [...piece(2, 1, 1), ODD_TEXTS]],
  ['a piece of the next checkpoint', applyPiece(log, logShape), [...piece(2, 2, 0), '{cid}']],
  ['a piece from before', applyPiece(log, logShape), [...piece(2, 1, 1), '{bob}']],
  ['a piece without rows', applyPiece(log, logShape), [...piece(2, 2, 1), '{}']],
  ['a piece of an earlier attempt', applyPiece(log, logShape), [...piece(1, 3, 0), '{dan}']],
  ['a piece of a later attempt', applyPiece(log, logShape), [...piece(3, 3, 0), '{eve}']],
  ['a piece of another subtask', applyPiece(log, logShape), [...piece(2, 1, 0, 1), '{fay}']],
  ['a piece of another run', applyPiece(log, logShape), ['run1', 'sink', 2, 'run0', 0, 9, 0, '{gil}']],
  ['a piece of another sink', applyPiece(log, logShape), ['run1', 'other', 2, 'run1', 0, 9, 0, '{hal}']],
  ['a piece with a value too many', applyPiece(log, logShape), [...piece(2, 4, 0), '{ann}', '{bob}']],
  ['the ledger so far', readLedger(log), ['run1', 'sink']],
  [
    'counted',
    applyPiece(counts, countsShape),
    [...piece(2, 5, 0), '{ann,bob}', '{1,2}', '{0.5,1e3}', '{1,NULL}'],
  ],
  [
    'counted again',
    applyPiece(counts, countsShape),
    [...piece(2, 6, 0), '{bob,cid}', '{3,-4}', '{NULL,-0.25}', '{7,8}'],
  ],
  ['counted late', applyPiece(counts, countsShape), [...piece(2, 5, 1), '{ann}', '{9}', '{9}', '{9}']],
  [
    'rows of one key twice',
    applyPiece(counts, countsShape),
    [...piece(2, 7, 0), '{dan,dan}', '{1,2}', '{1,1}', '{1,1}'],
  ],
  [
    'a count too large',
    applyPiece(counts, countsShape),
    [...piece(2, 7, 0), '{dan}', '{9223372036854775808}', '{1}', '{1}'],
  ],
  [
    'a count that is none',
    applyPiece(counts, countsShape),
    [...piece(2, 7, 0), '{dan}', '{many}', '{1}', '{1}'],
  ],

  ['the ledger', readLedger(log), ['run1', 'sink']],
  ['the ledger of the other run', readLedger(log), ['run0', 'sink']],
  [
    'counts as rows',
    writeRows(counts, countsShape),
    ['run1', 'sink', 2, '{ann,eve}', '{10,11}', '{1,1}', '{1,1}'],
  ],
  ['counts of a zombie', writeRows(counts, countsShape), ['run1', 'sink', 1, '{ann}', '{0}', '{0}', '{0}']],
  ['seen', writeRows(seen, seenShape), ['run1', 'sink', 2, '{1,1,2}', '{ann,bob,ann}']],
  ['seen again', writeRows(seen, seenShape), ['run1', 'sink', 2, '{1,3,3}', '{ann,ann,ann}']],
  ['strict rows', writeRows(strict, strictShape), ['run1', 'sink', 2, '{ann,bob}', '{1,2}']],
  ['strict rows again', writeRows(strict, strictShape), ['run1', 'sink', 2, '{cid,bob}', '{3,4}']],
  ['a strict row without a count', writeRows(strict, strictShape), ['run1', 'sink', 2, '{dan}', '{NULL}']],
  ['a strict row without a user', writeRows(strict, strictShape), ['run1', 'sink', 2, '{NULL}', '{1}']],
]

/** What stands there in the end. */
const READS: readonly Step[] = [
  ['the log', 'select user_id from click_log'],
  ['the counts', 'select user_id, clicks, rate, level from click_counts'],
  ['the seen', 'select level, user_id as "user" from public."Seen ""users"""'],
  ['the strict', 'select user_id, clicks from strict'],
  ['fences', `select run, sink, token from ${fenceOf(log)}`],
  ['ledgers', `select run, sink, subtask, checkpoint, piece from ${ledgerOf(log)}`],
]

/** The values in front of the rows. */
function piece(token: number, checkpoint: number, number: number, subtask = 0): unknown[] {
  return ['run1', 'sink', token, 'run1', subtask, checkpoint, number]
}

export const SCRIPT: readonly Step[] = [...SETUP, ...DEEDS, ...READS]

/**
 * `count` writes and raises of a few runs, whose attempts and checkpoints go on slowly, in about their order: much of
 * what they say is out of date.
 */
export function anyScript(count: number, random: Random): readonly Step[] {
  const any = <T>(values: readonly T[]): T => values[randomInteger(random, values.length)] as T
  const list = (length: number, element: () => unknown) => `{${Array.from({ length }, element).join()}}`
  const deeds = Array.from({ length: count }, (_, i): Step => {
    const writer = [any(['run0', 'run1']), any(['sink', 'other']), 1 + Math.floor(i / 50) - any([0, 0, 0, 1])]
    const name = [any(['run0', 'run1']), any([0, 1]), Math.floor(i / 20) + any([0, 1]), any([0, 1, 2])]
    const rows = any([0, 1, 2, 3])
    const users = list(rows, () => any(['ann', 'bob', 'cid', 'dan', 'eve', 'fay']))
    const numbers = list(rows, () => randomInteger(random, 100))
    switch (any(['raise', 'log', 'counts', 'counts', 'rows'])) {
      case 'raise':
        return [`${i} raise`, raiseFence(log), writer]
      case 'log':
        return [`${i} log`, applyPiece(log, logShape), [...writer, ...name, users]]
      case 'counts':
        return [
          `${i} counts`,
          applyPiece(counts, countsShape),
          [...writer, ...name, users, numbers, numbers, numbers],
        ]
      default:
        return [`${i} rows`, writeRows(counts, countsShape), [...writer, users, numbers, numbers, numbers]]
    }
  })
  return [...SETUP, ...deeds, ...READS]
}
