import { expect, test } from 'vitest'
import { fitted, paletteFor } from '#src/cli/palette.js'
import { recordingTerminal } from './recording-terminal.js'

const ERASE = '\r\u001b[2K'

test('when something is said above a live line, then the live line is written again below it', () => {
  const { terminal, talk } = recordingTerminal({ isTerminal: true })
  terminal.live('1/s')
  terminal.talk('news')
  terminal.live('2/s')
  terminal.live(undefined)
  terminal.talk('end')
  expect(talk()).toBe(`1/s${ERASE}news\n1/s${ERASE}2/s${ERASE}end\n`)
})

test('when data comes at a terminal, then the live line makes room for it', () => {
  const { terminal, data, talk } = recordingTerminal({ isTerminal: true })
  terminal.live('1/s')
  terminal.data('{"a":1}\n')
  expect(data()).toBe('{"a":1}\n')
  expect(talk()).toBe(`1/s${ERASE}1/s`)
})

test('when nobody looks, then there is no live line and no escape sequence', () => {
  const { terminal, talk } = recordingTerminal({ isTerminal: false }, {})
  terminal.live('1/s')
  terminal.talk(terminal.palette.bad('news'))
  terminal.live(undefined)
  expect(talk()).toBe('news\n')
})

test('when the terminal is narrow, then the live line is cut before its edge', () => {
  const { terminal, talk } = recordingTerminal({ isTerminal: true, columns: 6 })
  terminal.live('123456789')
  expect(talk()).toBe('12345')
})

test('when a coloured line is cut, then its colours end', () => {
  expect(fitted('\u001b[31mred\u001b[39m and more', 6)).toBe('\u001b[31mred\u001b[39m an')
  expect(fitted('\u001b[31mred\u001b[39m', 2)).toBe('\u001b[31mre\u001b[39m')
})

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ TERM: 'dumb' }, true, false],
])(
  'when the environment is %j and a terminal is %s, then colours are %s',
  (environment, isTerminal, colored) => {
    expect(paletteFor({ isTerminal, environment }).bad('x') !== 'x').toBe(colored)
  },
)
