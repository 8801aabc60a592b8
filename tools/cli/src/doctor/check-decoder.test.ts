import { expect, test } from '@jest/globals'
import { checkDecoder } from './deployment.ts'

test.each([
  ['required', 'ok'],
  ['preferred', 'warning'],
])('engineContainment %s: %s', async (ENGINE_CONTAINMENT, level) => {
  const processImages = { FunctionName: 'processImages', Environment: { Variables: { ENGINE_CONTAINMENT } } }
  const service = { name: 'image-processor' as const, outputs: {}, status: '', functions: [processImages] }
  expect(await checkDecoder({ 'image-processor': service })).toMatchObject([{ level }])
})
