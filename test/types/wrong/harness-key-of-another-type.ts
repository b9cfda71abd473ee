import { of, state } from '#src/api/index.js'
import { operatorHarness } from '#src/testing/index.js'

const harness = await operatorHarness({
  key: (click: { userId: string }) => click.userId,
  process: { emits: of<never>(), state: { n: state.value(0) }, onRecord: () => {} },
})
harness.state(7, 'n')
