import { expect, test } from 'vitest'
import { RecordSchema } from '#src/connector/record-schema.js'

const schemaThat = (validate: (value: unknown) => unknown) =>
  new RecordSchema({ '~standard': { version: 1, vendor: 'here', validate } }, 'topic clicks')

test.each([[undefined], [null], [{}], [() => true]])('when a schema is %s, then it is refused', (schema) => {
  expect(() => new RecordSchema(schema, 'topic clicks')).toThrow(
    expect.objectContaining({ code: 'RT1012', what: 'the schema of topic clicks is none' }),
  )
})

test('when a schema throws, then it is the user’s error, with the value and the cause', () => {
  const cause = new TypeError('no name')
  const schema = schemaThat(() => {
    throw cause
  })
  expect(() => schema.check({ id: 1 })).toThrow(
    expect.objectContaining({ code: 'RT1601', why: 'TypeError: no name, at {"id":1}', cause }),
  )
})

test('when a schema refuses a value, then it says where and why', () => {
  const schema = schemaThat(() => ({
    issues: [{ message: 'no number', path: ['a', { key: 0 }] }, { message: 'odd' }],
  }))
  expect(schema.check(1)).toEqual({ refused: 'it does not fit the schema: a.0: no number; odd' })
})
