#include "support/small_datasets.hpp"

#include "support/gzipped.hpp"

namespace attune::testing {

std::vector<SmallDataset> small_text_datasets() {
  return {{"geom-gcn",
           "",
           {{"out1_graph_edges.txt", "node_id\tnode_id\n0\t1\n1\t2\n2\t3\n"},
            {"out1_node_feature_label.txt",
             "node_id\tfeature(feature_amount:9)\tlabel\n2\t1,9\t0\n0\t3\t0\n1\t4\t1\n3\t5\t1\n"}}},
          {"linqs",
           "/toy.content",
           {{"toy.cites", "a b\nb c\nc d\n"},
            {"toy.content", "a\t1\t0\tx\nb\t0\t1\ty\nc\t1\t1\tx\nd\t0\t0\ty\n"}}},
          {"ogb",
           "",
           {{"raw/edge.csv.gz", testing::gzipped("0,1\n1,2\n3,2\n")},
            {"raw/node-feat.csv", "1.5,-1\n0,2e0\n0.0,-0\n3,0\n"},
            {"raw/node-label.csv", "0\n1\n0\nnan\n"},
            {"raw/num-edge-list.csv", "3\n"},
            {"raw/num-node-list.csv", "4\n"},
            {"split/time/test.csv", ""},
            {"split/time/train.csv", "1\n0\n"},
            {"split/time/valid.csv", "2\n"}}},
          {"tables",
           "",
           {{"edges.csv", "source,target\na,b\n\"b\",c\n# no\nc,d\n"},
            {"features.tsv", "a\t1\t1\nb\t0\t2\nc\t0\t0\nd\t3\t0\n"},
            {"labels.csv", "id,class\nc,\"x\"\na,x\nb,y\nd,\n"},
            {"split.txt", "b train\na   train\nc val\n"}}},
          {"graphml",
           "/toy.graphml",
           {{"toy.graphml",
             "<?xml version=\"1.0\"?><graphml><key id=\"l\" for=\"node\" attr.name=\"label\" "
             "attr.type=\"string\"/><key id=\"v\" for=\"node\" attr.name=\"v\" "
             "attr.type=\"double\"><default>1</default></key><graph edgedefault=\"directed\">"
             "<node id=\"a\"><data key=\"l\">x</data></node><node id=\"b\"><data key=\"l\">y"
             "</data><data key=\"v\">2</data></node><edge source=\"a\" target=\"b\"/></graph>"
             "</graphml>"}}}};
}

}  // namespace attune::testing
