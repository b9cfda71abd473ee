import { existsSync } from 'node:fs'
import pg from 'pg'
import { expect, test } from 'vitest'
import { describeWith } from '../support/describe-with.js'
import { startPostgres } from '../support/postgres-server.js'

await describeWith({ postgres: 'own' }, 'the PostgreSQL of the tests', () => {
  test('when it is started, then it asks for the password, and when it is stopped, then no process is left', async () => {
    const server = await startPostgres()
    const pid = server.pid
    try {
      expect(await server.query('select 1 + 1 as two')).toEqual([{ two: 2 }])
      const settings = await server.query<{ name: string; setting: string }>(
        `select name, setting from pg_settings where name in ('fsync', 'max_connections') order by name`,
      )
      expect(settings.map((row) => row.setting)).toEqual(['on', '200'])

      const wrong = new URL(server.url)
      wrong.password = 'wrong'
      const client = new pg.Client({ connectionString: wrong.href })
      await expect(client.connect()).rejects.toMatchObject({ code: '28P01' })
    } finally {
      await server.stop()
    }
    expect(existsSync(`/proc/${pid}`)).toBe(false)
  })

  test('when it is restarted or killed, then what was committed is still there', async () => {
    const server = await startPostgres()
    try {
      const url = await server.createDatabase('other one')
      expect(new URL(url).pathname).toBe('/other%20one')
      await server.query('create table kept (id int)')
      await server.query('insert into kept values (1)')
      await server.restart()
      expect(await server.query('select id from kept')).toEqual([{ id: 1 }])
      await server.query('insert into kept values (2)')
      await server.kill()
      await expect(server.query('select 1')).rejects.toThrow()
      await server.restart()
      expect(await server.query('select id from kept order by id')).toEqual([{ id: 1 }, { id: 2 }])
    } finally {
      await server.stop()
    }
  })
})
