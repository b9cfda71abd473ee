import { of } from '#src/api/index.js'
import { operatorHarness } from '#src/testing/index.js'

const harness = await operatorHarness({
  key: (click: { userId: string }) => click.userId,
  process: { emits: of<string>(), onRecord: (click, _, emit) => emit(click.userId) },
})
harness.receive({ userId: 7 })
