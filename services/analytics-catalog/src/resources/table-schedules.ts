import { expireStatement, mergeLookAlikesStatement } from '@darkroom/analytics'
import { databaseName, type Settings } from './settings.ts'

/**
 * The schedules of statements that need no function: EventBridge's scheduler starts them in Athena directly. One that fails
 * changes nothing, and the next one does its work.
 */
export function tableSchedules(settings: Settings) {
  const { lookAlikeDays, metadataRetentionDays, fewerRetentionDays } = settings
  return {
    LookAlikesSchedule: schedule(settings, {
      description: `Finds images of the last ${lookAlikeDays} days that look like earlier ones.`,
      at: 'cron(22 * * * ? *)',
      statement: mergeLookAlikesStatement(lookAlikeDays),
    }),
    LookAlikesCatchUpSchedule: schedule(settings, {
      description: 'Finds look-alikes among all images again.',
      at: 'cron(37 4 ? * SUN *)',
      statement: mergeLookAlikesStatement(metadataRetentionDays),
    }),
    ExpireSchedule: schedule(settings, {
      description: 'Deletes rows whose metadata documents have expired.',
      at: 'cron(37 2 * * ? *)',
      statement: expireStatement('images', metadataRetentionDays, fewerRetentionDays),
    }),
    LookAlikesExpireSchedule: schedule(settings, {
      description: 'Deletes rows whose later image has expired.',
      at: 'cron(52 2 * * ? *)',
      statement: expireStatement('look_alikes', metadataRetentionDays, fewerRetentionDays),
    }),
  }
}

interface Job {
  description: string
  at: string
  statement: string
}

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html */
function schedule(settings: Settings, { description, at, statement }: Job) {
  return {
    Type: 'AWS::Scheduler::Schedule',
    DependsOn: ['Images', 'LookAlikes', 'MergeWorkGroup'],
    Properties: {
      Description: description,
      ScheduleExpression: at,
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: {
          'Fn::Join': [
            ':',
            ['arn', { Ref: 'AWS::Partition' }, 'scheduler:::aws-sdk:athena:startQueryExecution'],
          ],
        },
        RoleArn: { 'Fn::GetAtt': ['MergeRole', 'Arn'] },
        Input: JSON.stringify({
          QueryString: statement,
          QueryExecutionContext: { Database: databaseName(settings) },
          WorkGroup: `darkroom-${settings.stage}.merge`,
        }),
        RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 1800 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['MergeDeadLetterQueue', 'Arn'] } },
      },
    },
  }
}
