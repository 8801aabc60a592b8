import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { deployServices } from './steps.ts'

const { AWS_REGION } = process.env
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packaged-'))
})
afterEach(async () => {
  if (AWS_REGION === undefined) delete process.env.AWS_REGION
  else process.env.AWS_REGION = AWS_REGION
  await rm(folder, { recursive: true })
})

test('packages for one region are not deployed to another', async () => {
  await mkdir(join(folder, 'prod/upload-api'), { recursive: true })
  const state = { service: { provider: { region: 'eu-central-1' } } }
  await writeFile(join(folder, 'prod/upload-api/serverless-state.json'), JSON.stringify(state))
  process.env.AWS_REGION = 'us-east-1'
  await expect(deployServices(['upload-api'], 'prod', folder)).rejects.toThrow(
    'upload-api was packaged for eu-central-1, but AWS_REGION is us-east-1.',
  )
})
