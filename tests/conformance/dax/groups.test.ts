import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  CreateParameterGroupCommand,
  CreateSubnetGroupCommand,
  DeleteParameterGroupCommand,
  DeleteSubnetGroupCommand,
  DescribeDefaultParametersCommand,
  DescribeParameterGroupsCommand,
  DescribeParametersCommand,
  DescribeSubnetGroupsCommand,
  UpdateParameterGroupCommand,
  UpdateSubnetGroupCommand,
} from "@aws-sdk/client-dax";
import { covers } from "../../support/covers.ts";
import { daxControl, makeCluster } from "../../support/dax.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

describe("A parameter group", () => {
  test("begins with the defaults and keeps what it is given", async () => {
    covers("dax.CreateParameterGroup", "dax.UpdateParameterGroup", "dax.DescribeParameters");
    const control = await daxControl(tule, tule.newAccount());
    const ParameterGroupName = "quick";
    const created = await control.send(
      new CreateParameterGroupCommand({ ParameterGroupName, Description: "short lives" }),
    );
    assert.deepEqual(created.ParameterGroup, { ParameterGroupName, Description: "short lives" });
    const values = async (): Promise<unknown> => {
      const { Parameters } = await control.send(
        new DescribeParametersCommand({ ParameterGroupName }),
      );
      return Parameters?.map((one) => [one.ParameterName, one.ParameterValue]);
    };
    assert.deepEqual(await values(), [
      ["query-ttl-millis", "300000"],
      ["record-ttl-millis", "300000"],
    ]);
    await control.send(
      new UpdateParameterGroupCommand({
        ParameterGroupName,
        ParameterNameValues: [{ ParameterName: "query-ttl-millis", ParameterValue: "0" }],
      }),
    );
    assert.deepEqual(await values(), [
      ["query-ttl-millis", "0"],
      ["record-ttl-millis", "300000"],
    ]);
    for (const [ParameterName, ParameterValue] of [
      ["memory", "1"],
      ["query-ttl-millis", "soon"],
      ["query-ttl-millis", "-1"],
      ["query-ttl-millis", "2147483648"],
    ] as const) {
      const ParameterNameValues = [{ ParameterName, ParameterValue }];
      await assert.rejects(
        control.send(new UpdateParameterGroupCommand({ ParameterGroupName, ParameterNameValues })),
        { name: "InvalidParameterValueException" },
      );
    }
  });

  test("shows the defaults as AWS's documentation does", async () => {
    covers("dax.DescribeDefaultParameters");
    const control = await daxControl(tule, tule.newAccount());
    const { Parameters } = await control.send(new DescribeDefaultParametersCommand({}));
    assert.deepEqual(Parameters?.[0], {
      ParameterName: "query-ttl-millis",
      ParameterType: "DEFAULT",
      ParameterValue: "300000",
      NodeTypeSpecificValues: [],
      Description: "Duration in milliseconds for queries to remain cached",
      Source: "user",
      DataType: "integer",
      AllowedValues: "0-",
      IsModifiable: "TRUE",
      ChangeType: "IMMEDIATE",
    });
  });

  test("is listed beside the default one, and goes unless a cluster uses it", async () => {
    covers("dax.DescribeParameterGroups", "dax.DeleteParameterGroup");
    const control = await daxControl(tule, tule.newAccount());
    for (const ParameterGroupName of ["used", "unused"]) {
      await control.send(new CreateParameterGroupCommand({ ParameterGroupName }));
    }
    await assert.rejects(
      control.send(new CreateParameterGroupCommand({ ParameterGroupName: "used" })),
      { name: "ParameterGroupAlreadyExistsFault" },
    );
    await makeCluster(control, { ClusterName: "user", ParameterGroupName: "used" });
    const names = async (): Promise<unknown> => {
      const found = await control.send(new DescribeParameterGroupsCommand({}));
      return found.ParameterGroups?.map(({ ParameterGroupName: name }) => name);
    };
    assert.deepEqual(await names(), ["default.dax1.0", "unused", "used"]);
    const remove = (ParameterGroupName: string): Promise<unknown> =>
      control.send(new DeleteParameterGroupCommand({ ParameterGroupName }));
    await assert.rejects(remove("used"), { name: "InvalidParameterGroupStateFault" });
    await assert.rejects(remove("default.dax1.0"), { name: "InvalidParameterGroupStateFault" });
    await remove("unused");
    await assert.rejects(remove("unused"), { name: "ParameterGroupNotFoundFault" });
    assert.deepEqual(await names(), ["default.dax1.0", "used"]);
    await assert.rejects(
      control.send(new DescribeParameterGroupsCommand({ ParameterGroupNames: ["unused"] })),
      { name: "ParameterGroupNotFoundFault" },
    );
    await assert.rejects(
      control.send(
        new UpdateParameterGroupCommand({
          ParameterGroupName: "default.dax1.0",
          ParameterNameValues: [{ ParameterName: "query-ttl-millis", ParameterValue: "1" }],
        }),
      ),
      { name: "InvalidParameterGroupStateFault" },
    );
  });

  test("is one of twenty at most", async () => {
    covers("dax.CreateParameterGroup");
    const control = await daxControl(tule, tule.newAccount());
    for (let number = 0; number < 20; number += 1) {
      await control.send(new CreateParameterGroupCommand({ ParameterGroupName: `g${number}` }));
    }
    await assert.rejects(
      control.send(new CreateParameterGroupCommand({ ParameterGroupName: "more" })),
      { name: "ParameterGroupQuotaExceededFault" },
    );
  });
});

describe("A subnet group", () => {
  const SubnetGroupName = "mine";

  test("keeps its subnets, spread over zones", async () => {
    covers("dax.CreateSubnetGroup", "dax.DescribeSubnetGroups", "dax.UpdateSubnetGroup");
    const control = await daxControl(tule, tule.newAccount());
    const SubnetIds = ["subnet-00000001", "subnet-00000002"];
    const created = await control.send(
      new CreateSubnetGroupCommand({ SubnetGroupName, SubnetIds, Description: "two" }),
    );
    assert.deepEqual(
      created.SubnetGroup?.Subnets?.map((one) => [
        one.SubnetIdentifier,
        one.SubnetAvailabilityZone,
      ]),
      [
        ["subnet-00000001", "us-east-1a"],
        ["subnet-00000002", "us-east-1b"],
      ],
    );
    assert.match(created.SubnetGroup?.VpcId ?? "", /^vpc-[0-9a-f]{17}$/);
    await control.send(
      new UpdateSubnetGroupCommand({ SubnetGroupName, SubnetIds: ["subnet-00000003"] }),
    );
    const found = await control.send(new DescribeSubnetGroupsCommand({}));
    assert.deepEqual(
      found.SubnetGroups?.map((one) => [one.SubnetGroupName, one.Description]),
      [
        ["default", "Default subnet group"],
        ["mine", "two"],
      ],
    );
    assert.equal(found.SubnetGroups?.[1]?.Subnets?.length, 1);
  });

  test("is refused for what is wrong with it", async () => {
    covers("dax.CreateSubnetGroup", "dax.DescribeSubnetGroups");
    const control = await daxControl(tule, tule.newAccount());
    const create = (SubnetIds: string[]): Promise<unknown> =>
      control.send(new CreateSubnetGroupCommand({ SubnetGroupName, SubnetIds }));
    await assert.rejects(create([]), { name: "InvalidSubnet" });
    await assert.rejects(create(["net"]), { name: "InvalidSubnet" });
    await assert.rejects(create(Array.from({ length: 21 }, () => "subnet-00000001")), {
      name: "SubnetQuotaExceededFault",
    });
    await create(["subnet-00000001"]);
    await assert.rejects(create(["subnet-00000001"]), { name: "SubnetGroupAlreadyExistsFault" });
    await assert.rejects(
      control.send(new DescribeSubnetGroupsCommand({ SubnetGroupNames: ["missing"] })),
      { name: "SubnetGroupNotFoundFault" },
    );
  });

  test("stays while a cluster is in it, and its subnets with it", async () => {
    covers("dax.DeleteSubnetGroup", "dax.UpdateSubnetGroup");
    const control = await daxControl(tule, tule.newAccount());
    const SubnetIds = ["subnet-00000001"];
    await control.send(new CreateSubnetGroupCommand({ SubnetGroupName, SubnetIds }));
    await control.send(new CreateSubnetGroupCommand({ SubnetGroupName: "free", SubnetIds }));
    await makeCluster(control, { ClusterName: "user", SubnetGroupName });
    const remove = (name: string): Promise<unknown> =>
      control.send(new DeleteSubnetGroupCommand({ SubnetGroupName: name }));
    await assert.rejects(remove(SubnetGroupName), { name: "SubnetGroupInUseFault" });
    await assert.rejects(
      control.send(
        new UpdateSubnetGroupCommand({ SubnetGroupName, SubnetIds: ["subnet-00000002"] }),
      ),
      { name: "SubnetInUse" },
    );
    await remove("free");
    await assert.rejects(remove("free"), { name: "SubnetGroupNotFoundFault" });
  });
});
