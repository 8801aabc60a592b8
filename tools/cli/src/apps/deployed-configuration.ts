import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation'
import { type AppConfiguration, unpackConfiguration } from '@darkroom/app-configuration'
import * as z from 'zod'

const Template = z.object({ Metadata: z.object({ Apps: z.string() }) })

/**
 * The configuration that a stage was deployed with, from the template of its image processor.
 *
 * @throws Error if the stage has none
 */
export async function deployedConfiguration(stage: string): Promise<AppConfiguration> {
  const cloudFormation = new CloudFormationClient()
  try {
    const StackName = `darkroom-image-processor-${stage}`
    const { TemplateBody = '' } = await cloudFormation.send(new GetTemplateCommand({ StackName }))
    return unpackConfiguration(Template.parse(JSON.parse(TemplateBody)).Metadata.Apps)
  } catch (cause) {
    throw new Error(
      `The stage ${stage} has no configuration of apps. Deploy image-processor, and check region and credentials.`,
      { cause },
    )
  } finally {
    cloudFormation.destroy()
  }
}
