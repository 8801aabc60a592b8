import { expect, test } from '@jest/globals'
import type { Reading } from './get-figures.ts'
import { lastDays, readSelection, toUrl } from './selection.ts'

const TODAY = '2026-11-28'
const PAGE = 'http://127.0.0.1:4003/'
const reading = (oldest: string) =>
  ({
    madeAt: `${TODAY}T12:00:00.000Z`,
    views: { images_by_hour: [{ dt: oldest }] },
    attributes: { shop: { 'order-id': ['a=b & c', ''], constructor: ['1'] } },
  }) as unknown as Reading
const read = (query: string, oldest = '2026-09-01') => readSelection(PAGE + query, reading(oldest))

test('lastDays counts today, across a change of month', () => {
  expect(lastDays(30, '2026-03-01')).toEqual({ from: '2026-01-31', to: '2026-03-01' })
})

test('without a query the page shows a month, or two days where there is nothing older', () => {
  expect(read('')).toEqual({ app: '', ...lastDays(30, TODAY) })
  expect(read('', '2026-11-27')).toEqual({ app: '', from: '2026-11-27', to: TODAY })
})

test.each(['?days=5', '?from=2026-11-31x&to=2026-11-28', '?from=2026-11-05&to=2026-11-01'])(
  '%s is not a selection, so the page shows a month',
  (query) => {
    expect(read(query)).toEqual({ app: '', ...lastDays(30, TODAY) })
  },
)

test.each([
  { app: '', ...lastDays(7, TODAY) },
  { app: 'web-app-1', ...lastDays(90, TODAY) },
  { app: 'web-app-2', from: '2026-10-03', to: '2026-10-09' },
  { app: 'shop', ...lastDays(7, TODAY), attribute: { name: 'order-id', value: 'a=b & c' } },
  { app: 'shop', from: '2026-10-03', to: '2026-10-09', attribute: { name: 'order-id', value: '' } },
  { app: 'shop', ...lastDays(7, TODAY), attribute: { name: 'constructor', value: '1' } },
])('the address of %j leads to the same selection', (selection) => {
  const { search } = new URL(toUrl(PAGE, selection, TODAY))
  expect(read(search)).toEqual(selection)
})

test.each([
  '?app=shop&attribute=colour&value=red',
  '?app=shop&attribute=order-id&value=unknown',
  '?app=shop&attribute=toString&value=1',
  '?app=constructor&attribute=order-id&value=',
  '?attribute=order-id&value=',
])('%s selects no attribute, because there are no figures of it', (query) => {
  expect(read(query).attribute).toBeUndefined()
})

test('an address of a preset moves on with the days', () => {
  expect(toUrl(PAGE, { app: '', ...lastDays(7, TODAY) }, TODAY)).toBe(`${PAGE}?days=7`)
})
