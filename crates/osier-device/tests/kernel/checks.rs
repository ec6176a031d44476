//! Which checks are there?

use super::{af_xdp, offload, packet, refusals, setup, tap};

/// Each check with its name, which is its sentence.
pub(crate) const CHECKS: &[(&str, fn())] = &[
    ("the_kernel_resolves_and_answers_us_on_a_tap", tap::echo),
    ("frames_of_a_hundred_chunks_arrive_whole", tap::many_chunks),
    ("the_mtu_is_the_interfaces_and_long_frames_are_read_whole", tap::mtu),
    ("a_tun_carries_bare_ip_of_both_versions", tap::tun),
    ("a_partial_checksum_is_finished_by_the_kernel", offload::partial_to_kernel),
    ("a_wrong_checksum_is_not", offload::wrong_checksum),
    ("without_offload_the_kernel_sends_filled_checksums", offload::filled_from_kernel),
    ("with_checksum_offload_the_kernel_leaves_them_to_us", offload::partial_from_kernel),
    ("a_tcp_super_frame_is_taken_whole_over_ipv4", offload::tso_v4),
    ("a_tcp_super_frame_is_taken_whole_over_ipv6", offload::tso_v6),
    ("a_udp_super_frame_becomes_datagrams", offload::uso),
    ("with_segmentation_the_kernel_sends_super_frames", offload::tso_from_kernel),
    ("a_second_open_is_busy", refusals::busy),
    ("an_interface_that_is_down_says_so", refusals::down),
    ("an_interface_that_was_deleted_says_so", refusals::deleted),
    ("an_interface_of_another_sort_is_refused", refusals::another_sort),
    ("a_device_node_that_may_not_be_opened_comes_with_a_remedy", refusals::node),
    ("a_packet_socket_carries_frames_both_ways_with_their_offloads", packet::both_ways),
    ("a_packet_socket_hears_what_is_for_it_and_not_itself", packet::only_ours),
    ("what_a_packet_socket_has_no_room_for_is_told", packet::overrun),
    ("an_interface_that_is_down_may_come_back_and_one_that_is_gone_may_not", packet::down_and_gone),
    ("an_interface_that_cannot_be_joined_is_refused_and_none_is_changed", packet::refused),
    ("af_xdp_carries_frames_both_ways_for_long", af_xdp::both_ways),
    ("af_xdp_sends_a_burst_at_once", af_xdp::burst),
    ("af_xdp_takes_what_is_for_us_from_the_kernel_and_no_more", af_xdp::only_ours),
    ("af_xdp_hears_other_queues_by_way_of_the_stack", af_xdp::another_queue),
    ("af_xdp_tells_what_it_had_no_room_for", af_xdp::overrun),
    ("af_xdp_is_refused_where_it_cannot_be_and_ends_with_its_interface", af_xdp::refused_and_gone),
    ("an_address_needs_no_check_for_duplicates_and_is_added_once", setup::addresses),
    ("half_open_sockets_of_the_kernel_are_found", setup::half_open),
    ("a_process_with_threads_is_refused_a_namespace", setup::threads),
];
