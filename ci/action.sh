#!/usr/bin/env bash
# The plan step of action.yml: makes all reports of one plan, shows them, and hands their files on to the next steps.
#
# The inputs come in FAIL_ON, BASE, PATHS (one a line), CONFIG, COMMENT and SARIF, all else from the runner's variables.
# It ends with 0 if a plan was made, whatever that says: the last step fails the check. If none was made, it ends with 2,
# so that nothing looks like an all-clear.
set -euo pipefail

failed() { # a sentence of ours, and the file that holds what lhmigrate complained of
  printf '::error title=lhmigrate::%s\n' "$1"
  {
    printf '### ❌ lhmigrate could not plan, so nothing is known of this change\n\n%s\n\n' "$1"
    sed 's/^/    /' "${2-/dev/null}" # Indented, it is code, whatever it says.
  } >>"$GITHUB_STEP_SUMMARY"
  exit 2
}

for flag in "$COMMENT" "$SARIF"; do
  [[ $flag == true || $flag == false ]] || failed 'The inputs comment and sarif are true or false.'
done
[[ $FAIL_ON =~ ^(error|warning|never)$ ]] || failed 'The input fail-on is error, warning or never.'
# There the checkout is the base, in which nothing moves; and what is not the base must not be near such a token.
[[ ${GITHUB_EVENT_NAME-} != pull_request_target ]] || failed 'Run this on pull_request, not on pull_request_target.'

reports=$(mktemp -d "$RUNNER_TEMP/lhmigrate-reports.XXXXXX")
arguments=(--fail-on="$FAIL_ON" --format=github --output=-)
for form in markdown json sarif diff; do
  arguments+=(--format="$form" --output="$reports/plan.$form")
done
[[ -z $BASE ]] || arguments+=(--base="$BASE")
[[ -z $CONFIG ]] || arguments+=(--config="$CONFIG")
arguments+=(--)
while IFS= read -r path; do
  [[ -z $path ]] || arguments+=("$path")
done <<<"$PATHS"

code=0
"$RUNNER_TEMP/lhmigrate/bin/python" -I -m lhmigrate plan "${arguments[@]}" 2>"$reports/errors" || code=$?
cat "$reports/errors" >&2
# 1 is also how Python ends where it cannot even start the program; then there is no report.
if ((code > 1)) || [[ ! -s $reports/plan.sarif ]]; then
  failed 'No plan could be made. The log says why, and what to do.' "$reports/errors"
fi

cat "$reports/plan.markdown" >>"$GITHUB_STEP_SUMMARY"
{
  echo "exit-code=$code"
  for form in markdown json sarif diff; do
    echo "$form=$reports/plan.$form"
  done
} >>"$GITHUB_OUTPUT"
