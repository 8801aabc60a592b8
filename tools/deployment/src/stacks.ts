import { globSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  paginateDescribeStacks,
} from '@aws-sdk/client-cloudformation'

const SERVICES = join(import.meta.dirname, '../../../services')

/** Of all services that can be deployed, also those that serverless-compose.yml leaves out. */
export const allServices = (): string[] => globSync('*', { cwd: SERVICES }).sort()

export const stackName = (service: string, stage: string) => `darkroom-${service}-${stage}`

/** Resolves to undefined if there is no such stack. */
export async function statusOf(client: CloudFormationClient, StackName: string): Promise<string | undefined> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }))
    return Stacks[0]?.StackStatus
  } catch (error) {
    if ((error as Error).message.includes('does not exist')) return
    throw error
  }
}

/**
 * The timestamp of the package that a service runs, which is part of the keys of its code. It is not always the newest package: others
 * failed, or were rolled back.
 */
export async function deployedPackage(
  client: CloudFormationClient,
  service: string,
  stage: string,
): Promise<string | undefined> {
  const StackName = stackName(service, stage)
  if ((await statusOf(client, StackName)) === undefined) return
  const { TemplateBody = '' } = await client.send(new GetTemplateCommand({ StackName }))
  return /"S3Key"\s*:\s*"[^"]*\/(\d{13})-/.exec(TemplateBody)?.[1]
}

/** The preview stages of which the account has a stack. */
export async function previewsWithStacks(client: CloudFormationClient): Promise<string[]> {
  const names: string[] = []
  for await (const { Stacks = [] } of paginateDescribeStacks({ client }, {}))
    names.push(...Stacks.map(({ StackName = '' }) => StackName))
  const services = allServices().join('|')
  return names.flatMap((name) => new RegExp(`^darkroom-(?:${services})-(pr-\\d+)$`).exec(name)?.[1] ?? [])
}
