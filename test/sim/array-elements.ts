import { assert } from '#src/kit/assert.js'

const ELEMENT = /"((?:[^"\\]|\\.)*)"|([^",{}]+)/gsy

/** What stands in an array literal of one dimension, as PostgreSQL reads it: `{a,"b\"c",NULL}`. */
export function arrayElements(literal: string): (string | null)[] {
  assert(literal.startsWith('{') && literal.endsWith('}'), 'this is no array literal', { literal })
  const elements: (string | null)[] = []
  let at = 1
  while (at < literal.length - 1) {
    ELEMENT.lastIndex = at
    const [whole = '', quoted, bare = ''] = ELEMENT.exec(literal) ?? []
    assert(whole !== '', 'this is no array literal', { literal, at })
    elements.push(quoted?.replace(/\\(.)/gs, '$1') ?? (bare.toUpperCase() === 'NULL' ? null : bare))
    at += whole.length + 1 // and the comma
  }
  return elements
}
