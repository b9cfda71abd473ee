import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Clock, systemClock } from '#src/kit/clock.js'
import { errorInfoOf, isCurable } from '#src/kit/errors.js'
import { describeWith } from '../../support/describe-with.js'
import { freePort } from '../../support/free-port.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import { clicks, PostgresStage, QUICK, type TableOptions } from './postgres-stage.js'

await describeWith({ postgres: true }, 'what a PostgreSQL sink refuses', () => {
  let server: PostgresServer
  let stage: PostgresStage

  beforeAll(async () => {
    server = await startPostgres(QUICK)
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    stage = await PostgresStage.on(server)
  })
  afterEach(() => stage.close())

  test('when the password is wrong, then the job is told, and a restart is useless', async () => {
    const database = changed(stage.url, (url) => {
      url.password = 'wrong'
    })
    await refuses({ database }, 'RT1441', /password authentication failed/)
  })

  test('when there is no password where one is asked for, then the job is told so', async () => {
    const database = changed(stage.url, (url) => {
      url.password = ''
    })
    await refuses({ database }, 'RT1441', /password/)
  })

  test('when the database does not exist, then the job is told so', async () => {
    const database = changed(stage.url, (url) => {
      url.pathname = '/nowhere'
    })
    await refuses({ database }, 'RT1442', /nowhere/)
  })

  test('when the address is none, then the job is told so, without the address', async () => {
    const error = await refuses({ database: 'postgres://ann:hush@host:notaport/db' }, 'RT1450', /address/)
    expect(String(error)).not.toContain('hush')
  })

  test('when the table does not exist, then the job is told so', async () => {
    await refuses({ table: 'nothing' }, 'RT1443', /nothing does not exist in schema public/)
    await refuses({ table: 'Click_Counts' }, 'RT1443', /case matters/)
  })

  test('when a column is missing, then it is named', async () => {
    const columns = { ...COLUMNS, page: { from: 'page', type: 'text' } }
    await refuses({ columns }, 'RT1444', /no column "page" \(it has user_id, clicks\)/)
  })

  test('when a column has another type, then both are named', async () => {
    const columns = { ...COLUMNS, clicks: { from: 'clicks', type: 'integer' } }
    await refuses({ columns }, 'RT1444', /column "clicks" is bigint, not integer/)
  })

  test('when the key is not unique in the table, then the job is told so', async () => {
    await stage.query('create table loose (user_id text, clicks bigint)')
    await stage.query('create unique index on loose (user_id) where clicks > 0')
    await refuses({ table: 'loose' }, 'RT1444', /no primary key or unique constraint on \(user_id\)/)
  })

  test('when the table wants a column that the sink does not write, then it is named', async () => {
    await stage.query('alter table click_counts add column region text not null')
    await refuses({}, 'RT1444', /"region" may not be null, has no default/)
  })

  test('when the user may not write, then the permission is missing', async () => {
    await stage.query(`do $$ begin
      if not exists (select from pg_roles where rolname = 'reader') then
        create role reader login password 'reader';
      end if; end $$`)
    await stage.opened(stage.counts()) // creates fence and ledger
    await stage.query('grant select on click_counts, retake_fence, retake_ledger to reader')
    const database = changed(stage.url, (url) => {
      url.username = 'reader'
      url.password = 'reader'
    })
    await refuses({ database }, 'RT1445', /permission denied/)

    await stage.query('grant insert, update on click_counts, retake_fence, retake_ledger to reader')
    const sink = await stage.opened(stage.counts({ database }), { attempt: 2 })
    await sink.commit(1, [{ userId: 'ann', clicks: 1 }])
    expect(await stage.countsByUser()).toEqual({ ann: '1' })
  })

  test('when nothing listens, then the job is told after a while, and a restart may cure it', async () => {
    const database = changed(stage.url, (url) => {
      url.port = String(closedPort)
    })
    const error = await stage.refusal(stage.counts({ database }), { clock: hundredfold })
    expect(error).toMatchObject({ code: 'RT1440' })
    expect(isCurable(errorInfoOf(error))).toBe(true)
  })

  test('when the table is to be created, then several subtasks create it once, with its key', async () => {
    const spec = stage.counts({ table: 'Fresh "one"', createTable: true })
    const sinks = await Promise.all(
      [0, 1, 2, 3].map((subtask) => stage.opened(spec, { subtask, parallelism: 4 })),
    )
    await Promise.all(sinks.map((sink, i) => sink.commit(1, [{ userId: `user-${i}`, clicks: i }])))
    expect(await stage.query('select count(*)::integer as rows from "Fresh ""one"""')).toEqual([{ rows: 4 }])
    await expect(stage.query(`insert into "Fresh ""one""" values ('user-0', 1)`)).rejects.toThrow(
      /duplicate key/,
    )
  })

  test('when a record does not fit, then it is refused when it is staged, and those before it are kept', async () => {
    const sink = await stage.opened(stage.log())
    sink.writer.write(clicks('ann'))
    const refused: [unknown, RegExp][] = [
      [{ userId: 'nul\0' }, /column "user_id" \(text\) is a string with a NUL character/],
      [{ userId: 'half \ud83d' }, /half a surrogate pair/],
      [{ user: 'ann' }, /column "user_id" is missing: the record has no field "userId"/],
      [{ userId: 7 }, /is a number, not a string/],
      [null, /it is not an object/],
    ]
    for (const [record, why] of refused) {
      const write = () => sink.writer.write([record])
      expect(write).toThrow(why)
      expect(write).toThrow(/RT1446 a record does not fit table click_log/)
    }
    await sink.commit(1, clicks('bob 😀'))
    expect(await stage.users()).toEqual(['ann', 'bob 😀'])
  })

  test('when a column is narrower than its type, then what is too much is refused when it is staged', async () => {
    await stage.query(
      'create table narrow (id varchar(3) primary key, price numeric(4,2), note text not null)',
    )
    const sink = await stage.opened(
      stage.counts({
        table: 'narrow',
        key: ['id'],
        columns: {
          id: { from: 'id', type: 'text' },
          price: { from: 'price', type: 'numeric' },
          note: { from: 'note', type: 'text' },
        },
      }),
    )
    const fits = { id: 'é😀x', price: '99.994', note: '' }
    for (const wrong of [
      { id: 'four' },
      { price: 100 },
      { price: '99.995' },
      { price: 1e30 },
      { note: null },
    ]) {
      expect(() => sink.writer.write([{ ...fits, ...wrong }])).toThrow(/RT1446/)
    }
    expect(() => sink.writer.write([{ ...fits, id: null }])).toThrow(/is null, and the column may not be/)
    await sink.commit(1, [fits, { id: 'b', price: -0.5, note: 'n' }, { id: 'c', price: null, note: 'n' }])
    expect(await stage.query('select id, price from narrow order by id')).toEqual([
      { id: 'b', price: '-0.50' },
      { id: 'c', price: null },
      { id: 'é😀x', price: '99.99' },
    ])
  })

  test('when a table refuses a row at the commit, then the job fails with what PostgreSQL said', async () => {
    await stage.query(`alter table click_log add constraint no_eve check (user_id <> 'eve')`)
    const sink = await stage.opened(stage.log())
    sink.writer.write(clicks('eve'))
    await sink.checkpoint(1)
    sink.complete(1)
    const error = await sink.failed()
    expect(error).toMatchObject({ code: 'RT1449', why: expect.stringContaining('no_eve') })
    expect(isCurable(errorInfoOf(error))).toBe(false)
  })

  test('when every type is written, then the table holds what the record had', async () => {
    const names = [
      't',
      'v',
      's',
      'i',
      'b',
      'n',
      'r',
      'd',
      'o',
      'da',
      'ts',
      'tz',
      'j',
      'jb',
      'by',
      'u',
    ] as const
    const types = [
      'text',
      'varchar',
      'smallint',
      'integer',
      'bigint',
      'numeric',
      'real',
      'double precision',
      'boolean',
      'date',
      'timestamp',
      'timestamptz',
      'json',
      'jsonb',
      'bytea',
      'uuid',
    ]
    const columns = Object.fromEntries(names.map((name, i) => [name, { from: name, type: types[i] }]))
    const sink = await stage.opened(stage.log({ table: 'every_type', columns, createTable: true }))
    const at = new Date('2026-02-03T04:05:06.789Z')
    await sink.commit(1, [
      {
        t: '{"a\\,b}\n',
        v: 'NULL',
        s: -32768,
        i: 2147483647,
        b: 2 ** 60,
        n: '12345678901234567890.5',
        r: 1.5,
        d: 1e-300,
        o: true,
        da: at,
        ts: at,
        tz: '2026-02-03T05:05:06.789012+01:00',
        j: { 'a"': ['\\', null] },
        jb: 'x',
        by: Uint8Array.of(0, 92, 255),
        u: 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      },
      Object.fromEntries(names.map((name) => [name, null])),
    ])
    const shown = names.map((name) => `"${name}"::text`).join(', ')
    const [row, empty] = await stage.query(`select ${shown} from every_type order by t`)
    expect(row).toEqual({
      t: '{"a\\,b}\n',
      v: 'NULL',
      s: '-32768',
      i: '2147483647',
      b: '1152921504606846976',
      n: '12345678901234567890.5',
      r: '1.5',
      d: '1e-300',
      o: 'true',
      da: '2026-02-03',
      ts: '2026-02-03 04:05:06.789',
      tz: expect.stringContaining(':05:06.789012'),
      j: '{"a\\"":["\\\\",null]}',
      jb: '"x"',
      by: '\\x005cff',
      u: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    })
    expect(Object.values(empty ?? {})).toEqual(names.map(() => null))
  })

  test('when a table is in another schema, then its rows are written there', async () => {
    await stage.query('create schema web')
    await stage.query('create table web.click_log (user_id text)')
    const sink = await stage.opened(stage.log({ schema: 'web' }))
    await sink.commit(1, clicks('ann'))
    expect(await stage.query('select user_id from web.click_log')).toEqual([{ user_id: 'ann' }])
    expect(await stage.users()).toEqual([])
  })

  test('when names of table and columns have quotes, capitals and spaces, then they are names', async () => {
    const columns = { 'User "Id"': { from: 'userId', type: 'text' }, ';--': { from: 'userId', type: 'text' } }
    const spec = stage.log({ table: `Odd "table' name`, columns, key: ['User "Id"'], createTable: true })
    const sink = await stage.opened(spec)
    await sink.commit(1, clicks('ann', 'ann', `'); drop table click_log; --`))
    const rows = await stage.query(`select ";--" as user_id from "Odd ""table' name" order by 1`)
    expect(rows).toEqual([{ user_id: `'); drop table click_log; --` }, { user_id: 'ann' }])
    expect(await stage.users()).toEqual([])
  })

  test('when the table vanishes while the sink is open, then the job fails at the commit and says so', async () => {
    const sink = await stage.opened(stage.log())
    await sink.commit(1, clicks('ann'))
    await stage.query('drop table click_log')
    sink.writer.write(clicks('bob'))
    await sink.checkpoint(2)
    sink.complete(2)
    const error = await sink.failed()
    expect(error).toMatchObject({ code: 'RT1443', message: expect.stringContaining('click_log') })
    expect(isCurable(errorInfoOf(error))).toBe(false)
  })

  test('when a column is dropped while the sink is open, then the job fails at the commit and says so', async () => {
    const sink = await stage.opened(stage.log())
    await stage.query('alter table click_log drop column user_id')
    sink.writer.write(clicks('bob'))
    await sink.checkpoint(1)
    sink.complete(1)
    const error = await sink.failed()
    expect(error).toMatchObject({ code: 'RT1444', message: expect.stringContaining('user_id') })
    expect(isCurable(errorInfoOf(error))).toBe(false)
  })

  test('when a field of the key is null or not there, then it is refused when it is staged', async () => {
    const sink = await stage.opened(stage.counts())
    for (const row of [{ userId: null, clicks: 1 }, { clicks: 1 }]) {
      expect(() => sink.writer.write([row])).toThrow(expect.objectContaining({ code: 'RT1446' }))
    }
  })

  test('when keys are empty texts, then they are keys like others', async () => {
    const sink = await stage.opened(stage.counts())
    await sink.commit(1, [
      { userId: '', clicks: 1 },
      { userId: ' ', clicks: 2 },
      { userId: '', clicks: 3 },
    ])
    expect(await stage.countsByUser()).toEqual({ '': '3', ' ': '2' })
  })

  let closedPort: number
  beforeAll(async () => {
    closedPort = await freePort()
  })

  async function refuses(options: TableOptions, code: string, text: RegExp): Promise<unknown> {
    const error = await stage.refusal(stage.counts(options))
    expect(error).toMatchObject({ code, message: expect.stringMatching(text) })
    expect(isCurable(errorInfoOf(error))).toBe(false)
    return error
  }
})

/** Waits of half a minute are over in a third of a second. */
const hundredfold: Clock = {
  ...systemClock,
  now: () => systemClock.now() * 100,
  after: (delayMs, callback) => systemClock.after(delayMs / 100, callback),
}

const COLUMNS = { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } }

function changed(address: string, change: (url: URL) => void): string {
  const url = new URL(address)
  change(url)
  return url.href
}
