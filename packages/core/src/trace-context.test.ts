import { expect, test } from '@jest/globals'
import { traceIdOf } from './trace-context.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'

test('the trace id is the second part', () => {
  expect(traceIdOf(`00-${TRACE_ID}-b7ad6b7169203331-01`)).toBe(TRACE_ID)
})

test.each([
  undefined,
  null,
  '',
  TRACE_ID,
  `01-${TRACE_ID}-b7ad6b7169203331-01`,
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `00-${TRACE_ID}-b7ad6b7169203331-01\n`,
  `00-${TRACE_ID.toUpperCase()}-b7ad6b7169203331-01`,
])('%j has none', (traceparent) => {
  expect(traceIdOf(traceparent)).toBeUndefined()
})
