# What ScaleKV Lab brings with it

Libraries that the program needs to run, with the licences their own poms name. Written by
`mvn license:add-third-party -Psbom`; a test compares it with what the build puts into `target/lib`.
Spark is not among them: the launcher fetches it where `--runner spark` asks for it.

| group | artifact | version | licence |
| --- | --- | --- | --- |
<#list dependencyMap as e>
<#assign p = e.getKey()/>
<#assign licenses = e.getValue()/>
| ${p.groupId} | ${p.artifactId} | ${p.version} | <#list licenses as license>${license}<#if license_has_next>; </#if></#list> |
</#list>
